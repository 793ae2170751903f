/** Why the product cannot start: one sentence for the operator. The process ends with exit code 3. */
export class StartError extends Error {
  override readonly name = 'StartError'
  readonly exitCode = 3
}
