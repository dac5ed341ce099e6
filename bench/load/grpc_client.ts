import type { KeyUpdate } from '../../examples/demo/device.ts';
import { frame, textMessage } from '../grpc_frame.ts';
import type { LoadClient } from './client.ts';
import { GrpcLink, grpcRequest } from './grpc_link.ts';
import type { GrpcRequest } from './grpc_link.ts';

const UPDATED = frame(textMessage('Public key updated'));

/** Rotations over gRPC. */
export class GrpcClient extends GrpcLink implements LoadClient<GrpcRequest> {
  constructor(host: string, port: number) {
    super(host, port, ({ headers, body }) => body.equals(UPDATED) && headers['idempotent-replayed'] === undefined);
  }

  encode({ jwt, pop }: KeyUpdate): GrpcRequest {
    return grpcRequest('/keyturn.v1.DeviceKeyService/UpdatePublicKey', jwt, textMessage(pop));
  }
}
