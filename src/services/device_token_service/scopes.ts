import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import { ApiError } from '../../errors.ts';

/** The scope whose holder may renew its token. */
export const RENEWAL_SCOPE = 'refresh.token';

/** The words of a scope that was asked for, each once, or all that are allowed if none was. Throws SCOPE_NOT_ALLOWED. */
export function grantedScopes(asked: string, allowed: readonly string[]): readonly string[] {
  const words = [...new Set(asked === '' ? allowed : asked.split(' '))];
  if (words.every((word) => allowed.includes(word))) return words;
  throw new ApiError(ErrorReason.ERROR_REASON_SCOPE_NOT_ALLOWED, 'a scope word is not among those that are allowed', {
    violations: [{ field: 'scope', description: 'has a word that is not allowed' }],
  });
}
