/** Where a change comes from; every change records it in its audit event. */
export interface Origin {
  /** Who: `operator` or `device`. */
  readonly actor: string;
  readonly requestId: string;
  /** The address of the caller. */
  readonly peer: string;
  readonly at: Date;
}
