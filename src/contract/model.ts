import type { DescMethod, DescService } from '@bufbuild/protobuf';
import type { HttpRule } from '../../gen/google/api/http.ts';
import type { Fault, MethodRules, ReasonRules, ServiceRules } from '../../gen/keyturn/options/v1/options.ts';
import type { Image } from './image.ts';

/** A reason of refusal: one value of the reason enum with its rules. */
export interface Reason {
  /** Without the enum's prefix, as in google.rpc.ErrorInfo: `DEVICE_FROZEN`. */
  readonly name: string;
  /** Who gives it, as in google.rpc.ErrorInfo: the first word of the contract's package, `keyturn`. */
  readonly domain: string;
  readonly number: number;
  readonly rules: ReasonRules;
}

/** A service of the contract, ready for the call path. */
export interface Service {
  readonly desc: DescService;
  readonly rules: ServiceRules;
  /** The reason that this service's envelope gives to each fault. */
  readonly faults: ReadonlyMap<Fault, Reason>;
  readonly methods: readonly Method[];
}

/** A method of the contract, ready for the call path. */
export interface Method {
  readonly desc: DescMethod;
  readonly service: Service;
  /** `/keyturn.v1.DeviceKeyService/UpdatePublicKey`, as gRPC names it. */
  readonly path: string;
  /** The method's own rules over its service's defaults. */
  readonly rules: MethodRules;
  /** The reasons that it may answer with, those of faults included. */
  readonly reasons: ReadonlySet<Reason>;
  /** Whether its answers are a stream. */
  readonly isStream: boolean;
  /** Its REST binding with the additional ones, in order. */
  readonly http: readonly HttpRule[];
}

export interface Contract {
  readonly image: Image;
  readonly services: readonly Service[];
  readonly reasons: ReadonlyMap<number, Reason>;
}
