import { expect, test } from 'vitest'
import { parseAllowList } from './address.ts'
import { Outbound, type OutboundPolicy } from './outbound.ts'

const addressesByName: Readonly<Record<string, readonly string[]>> = {
  'hooks.example.com': ['93.184.216.34'],
  'six.example.com': ['2606:2800:220:1:248:1893:25c8:1946'],
  'both.example.com': ['93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946'],
  'rebind.example.com': ['93.184.216.34', '10.0.0.1'],
  'inside.example.com': ['10.20.30.40'],
  'loop.example.com': ['127.0.0.1'],
  'loop6.example.com': ['::1'],
  'meta.example.com': ['169.254.169.254'],
  'mapped.example.com': ['::ffff:10.0.0.1'],
  'odd.example.com': ['0177.0.0.1'],
  'zone.example.com': ['fe80::1%eth0'],
  'xn--bcher-kva.example': ['93.184.216.34'],
  'erp.internal': ['10.20.30.40'],
  'public.internal': ['93.184.216.34'],
  'a.localhost': ['93.184.216.34'],
}

const resolve = (name: string) => Promise.resolve(addressesByName[name] ?? [])

const outboundOf = (allow: readonly string[] = [], policy: Partial<OutboundPolicy> = {}) =>
  new Outbound(
    { allowed: parseAllowList(allow) ?? [], ports: [], isProduction: false, ...policy },
    resolve,
  )

async function outcomeOf(outbound: Outbound, url: string, mayUseHttp = false): Promise<string> {
  const verdict = await outbound.check(url, { mayUseHttp })
  return verdict.isAllowed ? verdict.target.address : verdict.reason
}

const long = (length: number) =>
  `https://hooks.example.com/${'a'.repeat(length - 'https://hooks.example.com/'.length)}`

const corpus: readonly (readonly [url: string, outcome: string])[] = [
  // What is fine.
  ['https://hooks.example.com/in', '93.184.216.34'],
  ['https://HOOKS.EXAMPLE.COM/in', '93.184.216.34'],
  ['https://hooks.example.com./in', '93.184.216.34'],
  ['https://hooks.example.com:443/', '93.184.216.34'],
  ['https://hooks.example.com:8443/', '93.184.216.34'],
  ['https://hooks.example.com?a=1', '93.184.216.34'],
  ['https://hooks.example.com/a@b', '93.184.216.34'],
  ['https://six.example.com/', '2606:2800:220:1:248:1893:25c8:1946'],
  ['https://both.example.com/', '93.184.216.34'],
  ['https://bücher.example/', '93.184.216.34'],
  ['https://93.184.216.34/', '93.184.216.34'],
  ['https://[2606:2800:220:1:248:1893:25c8:1946]/', '2606:2800:220:1:248:1893:25c8:1946'],
  ['https://[::ffff:93.184.216.34]/', '::ffff:5db8:d822'],
  ['https://[64:ff9b::93.184.216.34]/', '64:ff9b::5db8:d822'],
  ['https://[2002:5db8:d822::1]/', '2002:5db8:d822::1'],
  [long(2_048), '93.184.216.34'],
  // Shape.
  ['', 'syntax'],
  ['hooks.example.com', 'syntax'],
  ['//hooks.example.com/', 'syntax'],
  ['https://', 'syntax'],
  ['https:// hooks.example.com/', 'syntax'],
  ['https://hooks.example.com/a b', 'syntax'],
  [' https://hooks.example.com/', 'syntax'],
  ['https://hooks.exa\nmple.com/', 'syntax'],
  ['https://hooks.exa\tmple.com/', 'syntax'],
  ['https://hooks.example.com/\0', 'syntax'],
  ['https://hooks.example.com:99999/', 'syntax'],
  ['https://hooks.example.com:port/', 'syntax'],
  ['https://[::1', 'syntax'],
  ['https://[fe80::1%25eth0]/', 'syntax'],
  ['https://[fe80::1%eth0]/', 'syntax'],
  ['https://[::ffff:999.0.0.1]/', 'syntax'],
  ['https://256.256.256.256/', 'syntax'],
  ['https://1.2.3.4.5/', 'syntax'],
  ['https://0x100000000/', 'syntax'],
  ['https://exa%00mple.com/', 'syntax'],
  ['https://a<b.example.com/', 'syntax'],
  [long(2_049), 'length'],
  ['http://hooks.example.com/', 'scheme'],
  ['HTTP://hooks.example.com/', 'scheme'],
  ['http://127.0.0.1/', 'scheme'],
  ['ftp://hooks.example.com/', 'scheme'],
  ['file:///etc/passwd', 'scheme'],
  ['gopher://hooks.example.com:70/_', 'scheme'],
  ['data:text/plain,hello', 'scheme'],
  ['javascript:alert(1)', 'scheme'],
  ['ws://hooks.example.com/', 'scheme'],
  ['unix:/var/run/docker.sock', 'scheme'],
  ['https://user@hooks.example.com/', 'user_info'],
  ['https://user:word@hooks.example.com/', 'user_info'],
  ['https://:word@hooks.example.com/', 'user_info'],
  ['https://@hooks.example.com/', 'user_info'],
  ['https://hooks.example.com@127.0.0.1/', 'user_info'],
  ['https://hooks.example.com:443@127.0.0.1/', 'user_info'],
  ['https:\\\\user@hooks.example.com/', 'user_info'],
  ['https://hooks.example.com/#', 'fragment'],
  ['https://hooks.example.com/#@127.0.0.1', 'fragment'],
  ['https://127.0.0.1#@hooks.example.com/', 'fragment'],
  ['https://hooks.example.com:80/', 'port'],
  ['https://hooks.example.com:22/', 'port'],
  ['https://hooks.example.com:25/', 'port'],
  ['https://hooks.example.com:5432/', 'port'],
  ['https://hooks.example.com:6379/', 'port'],
  ['https://hooks.example.com:8444/', 'port'],
  ['https://hooks.example.com:0/', 'port'],
  ['https://hooks.example.com:65535/', 'port'],
  // IPv4, in every spelling.
  ['https://127.0.0.1/', 'address'],
  ['https://127.0.0.1./', 'address'],
  ['https://127.1/', 'address'],
  ['https://127.0.1/', 'address'],
  ['https://127.255.255.254/', 'address'],
  ['https://2130706433/', 'address'],
  ['https://0x7f000001/', 'address'],
  ['https://0x7F.0x0.0x0.0x1/', 'address'],
  ['https://0x7f.1/', 'address'],
  ['https://0177.0.0.1/', 'address'],
  ['https://0177.0.0.01/', 'address'],
  ['https://017700000001/', 'address'],
  ['https://00000177.00.00.01/', 'address'],
  ['https://127.0.0.0x1/', 'address'],
  ['https://%31%32%37.0.0.1/', 'address'],
  ['https://127.0.0.1:8443/', 'address'],
  ['https://１２７.０.０.１/', 'address'],
  ['https://127。0。0。1/', 'address'],
  ['https://①②⑦.⓪.⓪.①/', 'address'],
  ['https://0.0.0.0/', 'address'],
  ['https://0/', 'address'],
  ['https://0.1.2.3/', 'address'],
  ['https://10.0.0.1/', 'address'],
  ['https://10.255.255.255/', 'address'],
  ['https://167772161/', 'address'],
  ['https://012.0.0.1/', 'address'],
  ['https://0xa.0.0.1/', 'address'],
  ['https://172.16.0.1/', 'address'],
  ['https://172.31.255.255/', 'address'],
  ['https://192.168.0.1/', 'address'],
  ['https://192.168.1/', 'address'],
  ['https://0xc0a80001/', 'address'],
  ['https://3232235521/', 'address'],
  ['https://169.254.169.254/latest/meta-data/', 'address'],
  ['https://2852039166/', 'address'],
  ['https://0xa9fea9fe/', 'address'],
  ['https://0251.0376.0251.0376/', 'address'],
  ['https://169.254.0.1/', 'address'],
  ['https://100.64.0.1/', 'address'],
  ['https://100.127.255.255/', 'address'],
  ['https://192.0.0.1/', 'address'],
  ['https://192.0.2.1/', 'address'],
  ['https://192.88.99.1/', 'address'],
  ['https://198.18.0.1/', 'address'],
  ['https://198.19.255.255/', 'address'],
  ['https://198.51.100.1/', 'address'],
  ['https://203.0.113.1/', 'address'],
  ['https://224.0.0.1/', 'address'],
  ['https://239.255.255.255/', 'address'],
  ['https://240.0.0.1/', 'address'],
  ['https://255.255.255.255/', 'address'],
  ['https://4294967295/', 'address'],
  // IPv6.
  ['https://[::]/', 'address'],
  ['https://[::1]/', 'address'],
  ['https://[0:0:0:0:0:0:0:1]/', 'address'],
  ['https://[0000:0000:0000:0000:0000:0000:0000:0001]/', 'address'],
  ['https://[::127.0.0.1]/', 'address'],
  ['https://[::7f00:1]/', 'address'],
  ['https://[::10.0.0.1]/', 'address'],
  ['https://[::ffff:127.0.0.1]/', 'address'],
  ['https://[::FFFF:7F00:1]/', 'address'],
  ['https://[0:0:0:0:0:ffff:7f00:0001]/', 'address'],
  ['https://[::ffff:10.0.0.1]/', 'address'],
  ['https://[::ffff:a9fe:a9fe]/', 'address'],
  ['https://[::ffff:169.254.169.254]/', 'address'],
  ['https://[::ffff:0:127.0.0.1]/', 'address'],
  ['https://[::ffff:0:93.184.216.34]/', 'address'],
  ['https://[64:ff9b::127.0.0.1]/', 'address'],
  ['https://[64:ff9b::a00:1]/', 'address'],
  ['https://[64:ff9b::169.254.169.254]/', 'address'],
  ['https://[64:ff9b:1::10.0.0.1]/', 'address'],
  ['https://[64:ff9b:1::93.184.216.34]/', 'address'],
  ['https://[64:ff9b:1:a00:0:100::]/', 'address'],
  ['https://[64:ff9b:2::93.184.216.34]/', 'address'],
  ['https://[2002:7f00:1::]/', 'address'],
  ['https://[2002:a00:1::1]/', 'address'],
  ['https://[2002:a9fe:a9fe::1]/', 'address'],
  ['https://[2002:c0a8:101::1]/', 'address'],
  ['https://[2001:0:5db8:d822:0:0:f5ff:fffe]/', 'address'],
  ['https://[2001:0:a00:1:0:0:a247:27dd]/', 'address'],
  ['https://[2001::1]/', 'address'],
  ['https://[2001:2::1]/', 'address'],
  ['https://[2001:10::1]/', 'address'],
  ['https://[2001:20::1]/', 'address'],
  ['https://[2001:db8::1]/', 'address'],
  ['https://[3fff::1]/', 'address'],
  ['https://[5f00::1]/', 'address'],
  ['https://[100::1]/', 'address'],
  ['https://[fc00::1]/', 'address'],
  ['https://[fd00::1]/', 'address'],
  ['https://[fd00:ec2::254]/', 'address'],
  ['https://[fe80::1]/', 'address'],
  ['https://[febf::1]/', 'address'],
  ['https://[fec0::1]/', 'address'],
  ['https://[ff02::1]/', 'address'],
  ['https://[4000::1]/', 'address'],
  ['https://[8000::1]/', 'address'],
  // Names.
  ['https://rebind.example.com/', 'address'],
  ['https://inside.example.com/', 'address'],
  ['https://loop.example.com/', 'address'],
  ['https://loop6.example.com/', 'address'],
  ['https://meta.example.com/', 'address'],
  ['https://mapped.example.com/', 'address'],
  ['https://odd.example.com/', 'address'],
  ['https://zone.example.com/', 'address'],
  ['https://nobody.example.com/', 'unresolved'],
  ['http://nobody.example.com/', 'scheme'],
  ['https://localhost/', 'name'],
  ['https://LOCALHOST/', 'name'],
  ['https://localhost./', 'name'],
  ['https://localhost:8443/', 'name'],
  ['https://ｌｏｃａｌｈｏｓｔ/', 'name'],
  ['https://a.localhost/', 'name'],
  ['https://printer.local/', 'name'],
  ['https://printer.local./', 'name'],
  ['https://PRINTER.LOCAL/', 'name'],
  ['https://erp.internal/', 'name'],
  ['https://metadata.google.internal/', 'name'],
  ['https://public.internal/', 'name'],
  ['https://abcdefghij.onion/', 'name'],
  ['https://intranet/', 'name'],
  ['https://postgres:8443/', 'name'],
  ['https://a..example.com/', 'name'],
  ['https://.example.com/', 'name'],
]

test('the corpus has at least 120 URLs, each once', () => {
  expect(new Set(corpus.map(([url]) => url)).size).toBe(corpus.length)
  expect(corpus.length).toBeGreaterThanOrEqual(120)
})

test.each(corpus)('%j ends as %s', async (url, expected) => {
  expect(await outcomeOf(outboundOf(), url)).toBe(expected)
})

test.each([
  ['an exempt network in plain text', ['127.0.0.0/8'], 'http://127.0.0.1:4501/in', '127.0.0.1'],
  ['an exempt address on any port', ['127.0.0.1'], 'https://127.0.0.1:9/in', '127.0.0.1'],
  ['a wrapped exempt address', ['10.0.0.0/8'], 'https://[::ffff:10.1.2.3]/', '::ffff:a01:203'],
  ['an exempt name of the network', ['10.20.0.0/16'], 'https://erp.internal/', '10.20.30.40'],
  ['exempt IPv6', ['fd12::/16'], 'http://[fd12::1]/', 'fd12::1'],
  ['what is beside the exempt network', ['10.1.0.0/16'], 'https://10.2.0.1/', 'address'],
  ['one exempt answer of two', ['10.0.0.0/8'], 'https://rebind.example.com/', '93.184.216.34'],
  ['plain text to a public address', ['127.0.0.0/8'], 'http://hooks.example.com/', 'scheme'],
  ['plain text where one answer is public', ['10.0.0.0/8'], 'http://rebind.example.com/', 'scheme'],
  ['an odd name with a public address', ['10.0.0.0/8'], 'https://public.internal/', 'name'],
  ['metadata inside of a network', ['169.254.0.0/16'], 'https://169.254.169.254/', 'address'],
  ['metadata inside of everything', ['0.0.0.0/0'], 'https://169.254.169.254/', 'address'],
  ['wrapped metadata', ['0.0.0.0/0', '::/0'], 'https://[::ffff:169.254.169.254]/', 'address'],
  ['metadata of IPv6', ['fd00::/8'], 'https://[fd00:ec2::254]/', 'address'],
  ['metadata named exactly', ['169.254.169.254/32'], 'https://169.254.169.254/', '169.254.169.254'],
  [
    'metadata named without a length',
    ['fd00:ec2::254'],
    'https://[fd00:ec2::254]/',
    'fd00:ec2::254',
  ],
])('with an allow-list, %s', async (_name, allow, url, expected) => {
  expect(await outcomeOf(outboundOf(allow), url, true)).toBe(expected)
})

test('plain text needs a test business, and never goes out in production', async () => {
  const url = 'http://127.0.0.1/in'

  expect(await outcomeOf(outboundOf(['127.0.0.1']), url, false)).toBe('scheme')
  expect(await outcomeOf(outboundOf(['127.0.0.1'], { isProduction: true }), url, true)).toBe(
    'scheme',
  )
})

test('the operator may add ports', async () => {
  const outbound = outboundOf([], { ports: [9443] })

  expect(await outcomeOf(outbound, 'https://hooks.example.com:9443/')).toBe('93.184.216.34')
  expect(await outcomeOf(outbound, 'https://hooks.example.com:9444/')).toBe('port')
})

test.each([['10.0.0.0'], ['10.0.0.0/8'], ['fd00::/8'], ['::1']])('%s is a network', (text) => {
  expect(parseAllowList([text])).toHaveLength(1)
})

test.each([['ten'], ['10.0.0.0/33'], ['10.0.0/8/9'], ['fd00::/129'], ['']])(
  '%j is no network',
  (text) => {
    expect(parseAllowList([text])).toBeUndefined()
  },
)
