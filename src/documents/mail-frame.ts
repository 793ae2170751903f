import type { Language } from './language.ts'
import { type Html, markup, own } from './markup.ts'

type Framed = Readonly<{ language: Language; title: string; card: Html; closing: string }>

/** How the text of a message is set. */
export const paragraph = 'margin:0 0 16px;font-size:16px;line-height:1.5'

/**
 * A message as HTML: a card with what it says, and below it who sends it. It has everything in it:
 * no picture and nothing else is loaded from anywhere, and it reads well in the dark.
 * Source: documents specification 7.
 */
export const toMailHtml = ({ language, title, card, closing }: Framed): string =>
  markup`<!doctype html>
<html lang="${language.tag}" dir="${language.direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${title}</title>
</head>
<body style="margin:0;padding:0;background:#f3f4f7;color:#172033;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:#f3f4f7"><tr><td align="center" style="padding:24px 12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:560px;background:#ffffff;border-radius:14px"><tr><td style="padding:32px;color:#172033">
${card}
</td></tr></table>
<p style="margin:16px 0 0;font-size:12px;color:#566074">${own(closing)}</p>
</td></tr></table>
</body>
</html>
`.html
