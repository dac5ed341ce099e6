const COMMANDS = new Set(['identity', 'issuer']);
const WITH_HYPHEN = /^-[A-Za-z0-9_-]{42}$/;

/** A key of 43 characters may begin with a hyphen, which would be taken for an option: it goes behind `--`. */
export function withKeysLast(args: readonly string[]): readonly string[] {
  // Behind `--key` it is taken for what it is.
  const isMoved = (arg: string, index: number): boolean => WITH_HYPHEN.test(arg) && args[index - 1] !== '--key';
  const keys = args.filter(isMoved);
  if (!COMMANDS.has(args[0] ?? '') || keys.length === 0 || args.includes('--')) return args;
  return [...args.filter((arg, index) => !isMoved(arg, index)), '--', ...keys];
}
