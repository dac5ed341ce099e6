import type { DescEnum } from '@bufbuild/protobuf';
import { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import type { Violation } from '../../contract/fault.ts';
import type { Contract, Reason } from '../../contract/model.ts';
import { hasNumber } from '../../contract/sentence.ts';
import { writeRefusal } from '../../transport/rest/envelopes.ts';
import type { EnvelopeSettings } from '../../transport/rest/envelopes.ts';
import { commentOf } from '../comments.ts';
import { markdownOf } from './markdown.ts';
import { partOf } from './part.ts';
import type { Part } from './part.ts';

/** The bytes of refusals as they are documented, which a setting may change. */
const DOCUMENTED: EnvelopeSettings = { words: new Map(), iotda: 'iotda', typePrefix: '', mediaTypes: new Map() };
const REQUEST_ID = '8c2f6a51-3f0e-4b0a-9a55-0f2d3c1e7b42';
const VIOLATIONS: readonly Violation[] = [{ field: 'name', description: 'is required' }];
/** What stands for `<N>` in a sentence. */
const NUMBER = 100;

/** An example of each reason's refusal, as the service writes it, by the reason's name. */
export function refusalExamples({ reasons, services }: Contract, desc: DescEnum | undefined): Record<string, Part> {
  const fields = new Set(services.map(({ faults }) => faults.get(Fault.FAULT_CONTENT_INVALID)));
  return Object.fromEntries(Array.from(reasons.values(), (reason) => [reason.name, exampleOf(reason, desc, fields.has(reason) ? VIOLATIONS : [])]));
}

function exampleOf(reason: Reason, desc: DescEnum | undefined, violations: readonly Violation[]): Part {
  const value = desc?.values.find(({ number }) => number === reason.number);
  const comment = value === undefined ? '' : markdownOf(commentOf(value));
  const { gatewayWord, gatewaySentence } = reason.rules;
  const gateway = gatewayWord + gatewaySentence === '' ? undefined : bytesOf(reason, [], { ...DOCUMENTED, iotda: 'gateway' });
  return partOf({
    description: comment === '' ? undefined : comment,
    value: bytesOf(reason, violations, DOCUMENTED),
    // The same refusal where the settings ask for the gateway's style.
    'x-gateway-value': gateway,
  });
}

function bytesOf(reason: Reason, violations: readonly Violation[], settings: EnvelopeSettings): unknown {
  const number = hasNumber(reason.rules.sentence) ? NUMBER : undefined;
  return JSON.parse(writeRefusal({ ok: false, reason, violations, metadata: new Map(), number }, REQUEST_ID, settings).body) as unknown;
}
