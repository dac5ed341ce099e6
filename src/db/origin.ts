/** Where a change comes from; every change records it in its audit event. */
export interface Origin {
  /** Who: `operator`, `device`, `identity`, `user:<user id>`, `access_key:<access key>`, or `keyturn` for what the service does of itself. */
  readonly actor: string;
  readonly requestId: string;
  /** The address of the caller. */
  readonly peer: string;
  readonly at: Date;
}

/** An origin as the first four values of a statement. */
export function valuesOf({ at, actor, requestId, peer }: Origin): readonly [Date, string, string, string] {
  return [at, actor, requestId, peer];
}
