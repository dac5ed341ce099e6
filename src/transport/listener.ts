/** Where a listener listens. Port 0 takes a free one. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A server of one wire. */
export interface Listener {
  /** Starts to listen and returns the port. Rejects if the address cannot be had. */
  listen(address: Address): Promise<number>;
  /** Stops taking calls, lets those in flight finish, and cuts off what remains after the grace. May be called again. */
  close(graceMilliseconds: number): Promise<void>;
}
