const COMMANDS = new Set(['identity', 'issuer']);
const WITH_HYPHEN = /^-[A-Za-z0-9_-]{42}$/;

/** A key of 43 characters may begin with a hyphen, which would be taken for an option: it goes behind `--`. */
export function withKeysLast(args: readonly string[]): readonly string[] {
  const keys = args.filter((arg) => WITH_HYPHEN.test(arg));
  if (!COMMANDS.has(args[0] ?? '') || keys.length === 0 || args.includes('--')) return args;
  return [...args.filter((arg) => !keys.includes(arg)), '--', ...keys];
}
