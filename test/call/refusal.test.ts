import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ErrorReason } from '../../gen/keyturn/v1/error_reason.ts';
import { sentenceOf } from '../../src/call/call.ts';
import type { Refusal } from '../../src/call/call.ts';
import { isFailure, limited, refuse } from '../../src/call/refusal.ts';
import { compileContract } from '../../src/contract/contract.ts';
import { loadImage } from '../../src/contract/image.ts';
import { Fault } from '../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../../src/contract/fault.ts';
import { ApiError } from '../../src/errors.ts';

const contract = compileContract(loadImage(), 'keyturn.v1');
const service = contract.services.find(({ desc }) => desc.name === 'IotDeviceService');
const all = new Set(contract.reasons.values());
const { ERROR_REASON_IOTDA_TENANT_RATE_LIMITED: TENANT_LIMITED } = ErrorReason;

describe('a refusal with a number', () => {
  it('has it in its sentence', () => {
    assert.ok(service);
    const refusal = refuse(contract, service, all, new ApiError(TENANT_LIMITED, 'too many', { number: 0 }));
    assert.equal(sentenceOf(refusal), 'The request rate has reached the upper limit of the tenant, limit 0.');
  });

  it('keeps it for a peer that has failed too often', () => {
    assert.ok(service);
    const refusal = refuse(contract, service, all, new ApiError(TENANT_LIMITED, 'too many', { number: 12 }));
    const after = limited(service, refusal, { 'retry-after': '3' });
    assert.equal(sentenceOf(after), 'The request rate has reached the upper limit of the tenant, limit 12.');
    assert.deepEqual([...after.metadata], [['retry-after', '3']]);
  });

  it('is a fault of the program without it', () => {
    assert.ok(service);
    assert.equal(refuse(contract, service, all, new ApiError(TENANT_LIMITED, 'too many')).reason.name, 'IOTDA_FAILED');
  });
});

function noRoom(isOfPeer?: boolean): Refusal {
  assert.ok(service);
  return refuse(contract, service, all, new FaultError(Fault.FAULT_UNAVAILABLE, 'too many wait', [], isOfPeer === undefined ? {} : { isOfPeer }));
}

describe('what counts as a failure of the peer', () => {
  it('is a refusal for want of room that it has filled itself, and no other one', () => {
    assert.deepEqual([noRoom(true), noRoom(false), noRoom()].map(isFailure), [true, false, false]);
    assert.deepEqual([noRoom(true), noRoom()].map(({ reason }) => reason.name), ['IOTDA_FAILED', 'IOTDA_FAILED']);
  });
});
