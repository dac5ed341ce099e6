import { newToken, tokenDigest } from '../../crypto/token.ts';

/** An access token as its device gets it, and what is stored of it. */
export interface AccessToken {
  readonly text: string;
  readonly tokenSha256: Buffer;
  readonly expiresAt: Date;
}

/** The members of an answer with a token (contracts/iothentix.md 8.1). */
interface TokenAnswer {
  readonly accessToken: string;
  readonly expiresIn: number;
  readonly scope: string;
  readonly tokenType: string;
}

/** Two random values of 32 bytes in base64url, joined by a dot: 87 characters. */
export function newAccessToken(now: Date, seconds: number): AccessToken {
  const text = `${newToken()}.${newToken()}`;
  return { text, tokenSha256: tokenDigest(text), expiresAt: new Date(now.getTime() + seconds * 1000) };
}

export function answerWith({ text }: AccessToken, seconds: number, scopes: readonly string[]): TokenAnswer {
  return { accessToken: text, expiresIn: seconds, scope: scopes.join(' '), tokenType: 'bearer' };
}
