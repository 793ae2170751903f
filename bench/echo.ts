import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * The HTTP denominator: bare `node:http` that reads a body, parses it as JSON and answers 200 with
 * a short JSON body. Prints its port; ends when its standard input closes.
 */
export function runEcho(): void {
  const answer = Buffer.from('{"success":true}')
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      JSON.parse(Buffer.concat(chunks).toString('utf8'))
      response.writeHead(200, {
        'Content-Type': 'application/json',
        'Content-Length': answer.length,
      })
      response.end(answer)
    })
  })
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo // a TCP server has one
    console.log(port)
  })
  process.stdin.resume().once('end', () => process.exit(0))
}
