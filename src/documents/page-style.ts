/** The style sheet of hosted pages: phones first, light and dark, on paper too. */
export const pageStyle = `:root {
  color-scheme: light dark;
  --ground: #f3f4f7; --card: #fff; --ink: #172033; --muted: #566074; --line: #e3e6ec;
  --accent: #1f4fd1; --accent-ink: #fff; --ring: #1f4fd1;
  --blue: #1d46b8; --blue-soft: #e8eefc; --green: #0d6239; --green-soft: #e2f4ea;
  --red: #a81e17; --red-soft: #fdeceb; --grey: #4a5366; --grey-soft: #eceef2;
  --amber: #7a4a00; --amber-soft: #fff3dc;
  font: 100%/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Arabic", sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f131b; --card: #181e29; --ink: #eceff5; --muted: #a7b0c0; --line: #2b3342;
    --accent: #8fb0ff; --accent-ink: #0c1633; --ring: #8fb0ff;
    --blue: #b4c9ff; --blue-soft: #1d2a4a; --green: #8fe0b4; --green-soft: #14321f;
    --red: #ffb3ad; --red-soft: #43181a; --grey: #c3cad8; --grey-soft: #262e3c;
    --amber: #ffd591; --amber-soft: #3b2a0b;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); overflow-wrap: anywhere }
main, .top, footer { max-width: 54rem; margin-inline: auto; padding-inline: 1rem }
main { display: grid; gap: 1rem }
main:focus { outline: none }
h1, h2, h3, p, dl, dd, ul { margin: 0; padding: 0 }
h1 { font-size: 1.25rem; line-height: 1.3; font-weight: 650 }
h2 { font-size: .8125rem; font-weight: 650; color: var(--muted); letter-spacing: .01em; margin-block-end: .4rem }
h3 { font-size: 1rem; margin-block-end: .25rem }
a { color: var(--accent); text-underline-offset: .15em }
:focus-visible { outline: 3px solid var(--ring); outline-offset: 2px; border-radius: .25rem }
.skip { position: absolute; inset-inline-start: 1rem; inset-block-start: -4rem; background: var(--card); padding: .5rem 1rem; z-index: 1 }
.skip:focus { inset-block-start: .5rem }
.muted, .label, .date { color: var(--muted) }
.top { display: flex; align-items: center; justify-content: space-between; gap: 1rem; padding-block: 1.25rem 1rem }
.seller { font-weight: 700; font-size: 1.0625rem }
.languages { position: relative; font-size: .875rem }
.languages summary { cursor: pointer; padding: .4rem .75rem; border: 1px solid var(--line); border-radius: 2rem; background: var(--card); list-style: none; white-space: nowrap }
.languages summary::-webkit-details-marker { display: none }
.languages summary::after { content: ""; display: inline-block; width: .4em; height: .4em; margin-inline-start: .5em; border-inline-end: 2px solid; border-block-end: 2px solid; transform: translateY(-.15em) rotate(45deg) }
[dir=rtl] .languages summary::after { transform: translateY(-.15em) rotate(-45deg) }
.languages ul { position: absolute; inset-inline-end: 0; margin-block-start: .35rem; list-style: none; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; box-shadow: 0 8px 30px #0003; min-width: 10rem; z-index: 2; overflow: hidden }
.languages a, .languages li span { display: block; padding: .55rem 1rem; color: var(--ink); text-decoration: none }
.languages li span { font-weight: 650; background: var(--grey-soft) }
.languages a:hover { background: var(--grey-soft) }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 1rem; padding: 1.25rem }
.notice, .test { border-radius: .75rem; padding: .75rem 1rem; background: var(--blue-soft); color: var(--blue); font-weight: 550 }
.test { background: var(--amber-soft); color: var(--amber); text-align: center; font-weight: 700; letter-spacing: .02em }
.notice.paid, .notice.accepted, .notice.converted { background: var(--green-soft); color: var(--green) }
.notice.overdue { background: var(--red-soft); color: var(--red) }
.notice.cancelled, .notice.rejected, .notice.expired { background: var(--grey-soft); color: var(--grey) }
.hero { display: grid; gap: 1.25rem; padding-block: 1.5rem }
.hero .label { font-size: .875rem }
.amount { font-size: clamp(2rem, 11vw, 3.25rem); line-height: 1.1; font-weight: 700; letter-spacing: -.025em; font-variant-numeric: tabular-nums; margin-block: .15rem .35rem }
.struck { text-decoration: line-through; text-decoration-thickness: .07em; color: var(--muted) }
.what { display: grid; gap: .6rem; justify-items: start }
.pill { display: inline-block; padding: .15rem .7rem; border-radius: 2rem; font-size: .875rem; font-weight: 600; background: var(--blue-soft); color: var(--blue) }
.pill.paid, .pill.accepted, .pill.converted { background: var(--green-soft); color: var(--green) }
.pill.overdue { background: var(--red-soft); color: var(--red) }
.pill.cancelled, .pill.rejected, .pill.expired { background: var(--grey-soft); color: var(--grey) }
.button { display: inline-block; font: inherit; font-weight: 600; padding: .65rem 1.25rem; border-radius: .7rem; border: 1px solid var(--accent); background: var(--accent); color: var(--accent-ink); text-decoration: none; cursor: pointer; text-align: center }
.button.quiet { background: transparent; color: var(--accent) }
.button:hover { filter: brightness(1.08) }
.parties { display: grid; gap: 1.25rem }
.parties dl { display: grid; gap: .6rem; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)) }
dt { color: var(--muted); font-size: .8125rem }
dd { font-variant-numeric: tabular-nums }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums }
thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
table, tbody { display: block }
tbody tr { display: grid; grid-template-columns: auto auto 1fr auto; column-gap: .3rem; padding-block: .75rem; border-block-end: 1px solid var(--line) }
tbody th { grid-column: 1 / -1; padding: 0; text-align: start; font-weight: 600; margin-block-end: .1rem; white-space: pre-line }
td { padding: 0; color: var(--muted) }
td.net { color: var(--ink); font-weight: 600 }
td.rate { grid-row: 3; grid-column: 1 / -1; font-size: .875rem }
td.net { grid-row: 2; grid-column: 4; text-align: end }
.totals { margin-block-start: 1rem; display: grid; gap: .35rem }
.totals div { display: flex; justify-content: space-between; gap: 1rem }
.totals dt { font-size: inherit }
.totals dd { text-align: end; white-space: nowrap }
.totals .strong { border-block-start: 2px solid var(--ink); margin-block-start: .35rem; padding-block-start: .6rem; font-weight: 700; font-size: 1.125rem }
.totals .strong dt { color: inherit }
.payment dl { display: grid; gap: .6rem 1.5rem; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)) }
.payment div + div { margin-block-start: 0 }
.payment > div + div { margin-block-start: 1rem; padding-block-start: 1rem; border-block-start: 1px solid var(--line) }
.texts { display: grid; gap: 1rem }
.text { white-space: pre-line }
.reason { margin-block-start: .75rem; font-size: .875rem }
.field { margin-block-end: 1rem }
.field label { display: block; font-weight: 600; margin-block-end: .3rem }
input, textarea { width: 100%; font: inherit; color: inherit; background: var(--card); border: 1px solid var(--muted); border-radius: .6rem; padding: .6rem .75rem }
.error { color: var(--red); margin-block-start: .3rem; font-weight: 550 }
.buttons { display: grid; gap: .6rem }
.message { margin-block: 18vh 2rem; padding: 2.5rem 1.5rem; text-align: center; display: grid; gap: .75rem }
footer { padding-block: 1.5rem 2.5rem; font-size: .875rem; color: var(--muted) }
footer ul { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; justify-content: center }
footer a { color: inherit }
@media (min-width: 44rem) {
  main { gap: 1.25rem }
  .card { padding: 1.75rem 2rem }
  .hero { grid-template-columns: 1fr auto; align-items: center; padding-block: 2.25rem }
  .what { justify-items: end; text-align: end }
  h1 { font-size: 1.375rem }
  .amount { font-size: 3.25rem }
  .parties { grid-template-columns: 1fr 1fr auto; column-gap: 2rem }
  .parties dl { grid-template-columns: auto; align-content: start; min-width: 9rem }
  .narrow { display: none }
  table { display: table }
  thead { position: static; width: auto; height: auto; clip-path: none; display: table-header-group }
  tbody { display: table-row-group }
  tr, tbody tr { display: table-row }
  thead th { text-align: end; font-size: .8125rem; font-weight: 600; color: var(--muted); padding-block: .35rem .5rem; padding-inline-start: 1.25rem; border-block-end: 1px solid var(--line) }
  thead th:first-child { text-align: start; padding-inline-start: 0 }
  tbody th, td { display: table-cell; vertical-align: top; padding-block: .8rem; border-block-end: 1px solid var(--line) }
  tbody th { width: 42% }
  td { text-align: end; padding-inline-start: 1.25rem; white-space: nowrap }
  td.quantity, td.price { white-space: normal }
  td.rate { font-size: inherit }
  .totals { margin-inline-start: auto; width: min(100%, 23rem); margin-block-start: 1.25rem }
  .texts { grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 2rem }
  .answer form { display: grid; grid-template-columns: 1fr 1fr; column-gap: 1.5rem }
  .buttons { grid-column: 1 / -1; display: flex; gap: .75rem }
}
@media (prefers-contrast: more) { :root { --line: currentColor; --muted: var(--ink) } }
@media print {
  :root { color-scheme: light; --ground: #fff; --card: #fff; --ink: #000; --muted: #444; --line: #bbb }
  .languages, .button, .skip, .answer { display: none }
  .card { border: 0; border-radius: 0; padding: .5rem 0; break-inside: avoid }
  .items { break-inside: auto }
  tr { break-inside: avoid }
}
`
