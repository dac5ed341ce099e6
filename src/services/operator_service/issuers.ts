import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import { IssuerKeyState } from '../../../gen/keyturn/v1/issuer.ts';
import type { IssuerKey, TrustedIssuer } from '../../../gen/keyturn/v1/issuer.ts';
import type {
  CreateTrustedIssuerRequest, CreateTrustedIssuerResponse, DeleteTrustedIssuerRequest, DeleteTrustedIssuerResponse, ListIssuerKeysResponse,
  ListTrustedIssuersResponse, RevokeIssuerKeyRequest, RevokeIssuerKeyResponse, RotateIssuerKeyRequest, RotateIssuerKeyResponse,
} from '../../../gen/keyturn/v1/operator_service.ts';
import type { Call } from '../../call/call.ts';
import type { Clock } from '../../clock.ts';
import { parseIdentityKey } from '../../crypto/identity_key.ts';
import type { IssuerKeyRow, IssuerStore } from '../../db/issuer.ts';
import type { TrustedIssuerRow, TrustedIssuerStore } from '../../db/trusted_issuer.ts';
import { ApiError } from '../../errors.ts';
import type { AuthentiqSettings } from '../../settings.ts';
import type { IssuerKeys } from '../issuers/issuer_keys.ts';
import type { Trust } from '../issuers/trust.ts';
import { originOf } from '../origin.ts';
import { invalid } from './page.ts';
import { toTimestamp } from './resources.ts';

const KEY_STATES = {
  ACTIVE: IssuerKeyState.ISSUER_KEY_STATE_ACTIVE,
  RETIRED: IssuerKeyState.ISSUER_KEY_STATE_RETIRED,
  REVOKED: IssuerKeyState.ISSUER_KEY_STATE_REVOKED,
};

/** What the calls on issuers work with. */
export interface IssuerParts {
  readonly store: IssuerStore;
  readonly trusted: TrustedIssuerStore;
  readonly keys: IssuerKeys;
  readonly trust: Trust;
  readonly settings: Pick<AuthentiqSettings, 'testIssuer' | 'trustedIssuers'>;
  readonly clock: Clock;
}

/** The calls of OperatorService that concern issuers. */
export class Issuers {
  readonly #parts: IssuerParts;

  constructor(parts: IssuerParts) {
    this.#parts = parts;
  }

  async listKeys(): Promise<ListIssuerKeysResponse> {
    const rows = await this.#parts.store.list();
    return { issuerKeys: rows.map(toIssuerKey) };
  }

  async rotate({ test }: RotateIssuerKeyRequest, call: Call): Promise<RotateIssuerKeyResponse> {
    const { store, keys, settings, clock } = this.#parts;
    if (test && !settings.testIssuer) throw invalid('test', 'expects the test issuer to be on (KEYTURN_AUTHENTIQ_TEST_ISSUER)');
    const issuer = test ? 'test' : 'main';
    const key = keys.make();
    const origin = originOf(call, clock);
    await store.rotate(issuer, key, origin);
    return { issuerKey: toIssuerKey({ publicKey: key.publicKey, issuer, state: 'ACTIVE', createdAt: origin.at, retiredAt: null }) };
  }

  async revokeKey({ publicKey }: RevokeIssuerKeyRequest, call: Call): Promise<RevokeIssuerKeyResponse> {
    const row = await this.#parts.store.revoke(publicKey, originOf(call, this.#parts.clock));
    if (row === undefined) throw new ApiError(ErrorReason.ERROR_REASON_ISSUER_KEY_NOT_FOUND, 'there is no such issuer key');
    if (row.state === 'ACTIVE') throw new ApiError(ErrorReason.ERROR_REASON_ISSUER_KEY_ACTIVE, 'the issuer key signs');
    return { issuerKey: toIssuerKey(row) };
  }

  async trust({ issuer, publicKey: text }: CreateTrustedIssuerRequest, call: Call): Promise<CreateTrustedIssuerResponse> {
    const { trusted, trust, clock } = this.#parts;
    if (trust.isOurs(issuer)) throw invalid('issuer', 'expects an issuer outside: for this one Keyturn signs itself');
    const publicKey = parseIdentityKey(text);
    if (publicKey === undefined) throw invalid('public_key', 'expects an Ed25519 public key as PEM, JWK or 43 characters of base64url');
    const createdAt = await trusted.create(issuer, publicKey, originOf(call, clock));
    return { trustedIssuer: toTrustedIssuer({ issuer, publicKey, createdAt }) };
  }

  async listTrusted(): Promise<ListTrustedIssuersResponse> {
    const { trusted, settings } = this.#parts;
    const given = settings.trustedIssuers.map(({ issuer, publicKey }) => ({ issuer, publicKey, createdAt: undefined, fromSettings: true }));
    return { trustedIssuers: [...given, ...(await trusted.list()).map(toTrustedIssuer)] };
  }

  async distrust({ issuer, publicKey }: DeleteTrustedIssuerRequest, call: Call): Promise<DeleteTrustedIssuerResponse> {
    const { trusted, clock } = this.#parts;
    if (!(await trusted.remove(issuer, publicKey || undefined, originOf(call, clock)))) {
      throw new ApiError(ErrorReason.ERROR_REASON_TRUSTED_ISSUER_NOT_FOUND, 'there is no such trusted issuer');
    }
    return {};
  }
}

function toIssuerKey({ publicKey, issuer, state, createdAt, retiredAt }: IssuerKeyRow): IssuerKey {
  return {
    publicKey,
    state: KEY_STATES[state],
    test: issuer === 'test',
    createdAt: toTimestamp(createdAt),
    retiredAt: retiredAt === null ? undefined : toTimestamp(retiredAt),
  };
}

function toTrustedIssuer({ issuer, publicKey, createdAt }: TrustedIssuerRow): TrustedIssuer {
  return { issuer, publicKey, createdAt: toTimestamp(createdAt), fromSettings: false };
}
