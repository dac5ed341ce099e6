import { Metadata } from '@grpc/grpc-js';
import type { ServerErrorResponse } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo } from '../../../gen/google/rpc/error_details.ts';
import { Status } from '../../../gen/google/rpc/status.ts';
import { sentenceOf } from '../../call/call.ts';
import type { Refusal } from '../../call/call.ts';

const TYPE = 'type.googleapis.com/google.rpc.';

/**
 * A refusal over gRPC: the code and sentence of its reason, and in the trailer
 * `grpc-status-details-bin` a google.rpc.Status with ErrorInfo and, where fields
 * are at fault, BadRequest.
 */
export function toStatus(refusal: Refusal, requestId: string): ServerErrorResponse {
  const { code } = refusal.reason.rules;
  const sentence = sentenceOf(refusal);
  const metadata = new Metadata();
  metadata.set('x-request-id', requestId);
  for (const [name, value] of refusal.metadata) metadata.set(name, value);
  const status = Status.encode({ code, message: sentence, details: detailsOf(refusal) }).finish();
  metadata.set('grpc-status-details-bin', Buffer.from(status));
  return { name: refusal.reason.name, message: sentence, code: code as number, details: sentence, metadata };
}

function detailsOf({ reason, violations }: Refusal): Status['details'] {
  const info = ErrorInfo.encode({ reason: reason.name, domain: reason.domain, metadata: {} }).finish();
  const details = [{ typeUrl: `${TYPE}ErrorInfo`, value: Buffer.from(info) }];
  if (violations.length > 0) {
    const fieldViolations = violations.map(({ field, description }) => ({
      field,
      description,
      reason: '',
      localizedMessage: undefined,
    }));
    const badRequest = BadRequest.encode({ fieldViolations }).finish();
    details.push({ typeUrl: `${TYPE}BadRequest`, value: Buffer.from(badRequest) });
  }
  return details;
}
