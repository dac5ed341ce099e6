import type { ListMessagesRequest, ListMessagesResponse } from '../../../gen/keyturn/v1/operator_service.ts';
import type { Call } from '../../call/call.ts';

/** The call of OperatorService that concerns messages. */
export class Messages {
  async list(_request: ListMessagesRequest, _call: Call): Promise<ListMessagesResponse> {
    throw new Error('skeleton');
  }
}
