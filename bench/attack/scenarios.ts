/** What is attacked: a service whose good devices rotate their keys, over TLS or not, or one whose devices and resource servers use tokens. */
export const STAGES = ['plain', 'tls', 'tokens'] as const;
export type Stage = (typeof STAGES)[number];

/** One attack with its strength. */
export interface Scenario {
  readonly name: string;
  readonly attack: string;
  readonly connections: number;
  /** Where it comes from; that of the good devices unless given. */
  readonly source?: string;
  /** `plain` unless given. */
  readonly stage?: Stage;
}

const OTHER_ADDRESS = '127.0.0.2';

/** What has to be held against, in the order in which it is tried. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'jwt-64', attack: 'jwt', connections: 64 },
  { name: 'jwt-1000', attack: 'jwt', connections: 1_000 },
  { name: 'jwt-1000-other-address', attack: 'jwt', connections: 1_000, source: OTHER_ADDRESS },
  { name: 'jwt-fresh-64', attack: 'jwtFresh', connections: 64 },
  { name: 'jwt-fresh-1000', attack: 'jwtFresh', connections: 1_000 },
  { name: 'jwt-fresh-1000-other-address', attack: 'jwtFresh', connections: 1_000, source: OTHER_ADDRESS },
  { name: 'token-64k-1000', attack: 'token', connections: 1_000 },
  { name: 'path-1000', attack: 'path', connections: 1_000 },
  { name: 'path-fresh-1000', attack: 'pathFresh', connections: 1_000 },
  { name: 'metrics-64', attack: 'metrics', connections: 64 },
  { name: 'metrics-1000', attack: 'metrics', connections: 1_000 },
  { name: 'readyz-1000', attack: 'readyz', connections: 1_000 },
  { name: 'identity-deep-64', attack: 'identityDeep', connections: 64 },
  { name: 'identity-members-64', attack: 'identityMembers', connections: 64 },
  { name: 'identity-scopes-64', attack: 'identityScopes', connections: 64 },
  { name: 'identity-white-space-64', attack: 'identityWhiteSpace', connections: 64 },
  { name: 'white-head-64', attack: 'whiteHead', connections: 64 },
  { name: 'slow-headers-2000', attack: 'slowHeaders', connections: 2_000 },
  { name: 'slow-bodies-2000', attack: 'slowBodies', connections: 2_000 },
  { name: 'crumbs-200', attack: 'crumbs', connections: 200 },
  { name: 'pipelined-100', attack: 'pipelined', connections: 100 },
  { name: 'pipelined-unread-100', attack: 'pipelinedPages', connections: 100 },
  { name: 'unread-1000', attack: 'unread', connections: 1_000 },
  { name: 'idle-10000', attack: 'idle', connections: 10_000 },
  { name: 'idle-grpc-10000', attack: 'idleGrpc', connections: 10_000 },
  { name: 'grpc-streams-16', attack: 'streams', connections: 16 },
  { name: 'grpc-streams-200', attack: 'streams', connections: 200 },
  { name: 'grpc-pings-16', attack: 'pings', connections: 16 },
  { name: 'grpc-settings-16', attack: 'settings', connections: 16 },
  { name: 'grpc-rapid-reset-16', attack: 'rapidReset', connections: 16 },
  { name: 'grpc-continuation-16', attack: 'continuation', connections: 16 },
  { name: 'grpc-large-headers-16', attack: 'largeHeaders', connections: 16 },
  { name: 'grpc-endless-100', attack: 'endless', connections: 100 },
  { name: 'grpc-open-streams-500', attack: 'openStreams', connections: 500 },
  { name: 'grpc-zero-window-200', attack: 'zeroWindow', connections: 200 },
  { name: 'tokens-jwt-64', attack: 'tokenJwt', connections: 64, stage: 'tokens' },
  { name: 'tokens-jwt-1000', attack: 'tokenJwt', connections: 1_000, stage: 'tokens' },
  { name: 'tokens-jwt-fresh-1000', attack: 'tokenJwtFresh', connections: 1_000, stage: 'tokens' },
  { name: 'tokens-jwt-fresh-1000-other-address', attack: 'tokenJwtFresh', connections: 1_000, source: OTHER_ADDRESS, stage: 'tokens' },
  { name: 'tokens-renewal-1000', attack: 'renewal', connections: 1_000, stage: 'tokens' },
  { name: 'tokens-renewal-fresh-1000', attack: 'renewalFresh', connections: 1_000, stage: 'tokens' },
  { name: 'tokens-basic-64', attack: 'basic', connections: 64, stage: 'tokens' },
  { name: 'tokens-basic-1000', attack: 'basic', connections: 1_000, stage: 'tokens' },
  { name: 'tokens-basic-fresh-1000', attack: 'basicFresh', connections: 1_000, stage: 'tokens' },
  { name: 'tokens-basic-fresh-1000-other-address', attack: 'basicFresh', connections: 1_000, source: OTHER_ADDRESS, stage: 'tokens' },
  { name: 'tokens-basic-unknown-1000', attack: 'basicUnknown', connections: 1_000, stage: 'tokens' },
  { name: 'tokens-basic-old-64', attack: 'basicOld', connections: 64, stage: 'tokens' },
  { name: 'tls-handshakes-64', attack: 'handshakes', connections: 64, stage: 'tls' },
  { name: 'tls-handshakes-500', attack: 'handshakes', connections: 500, stage: 'tls' },
];
