import type { Printable } from '@bufbuild/protoplugin';
import { isOwnMessage, typeOfMessage } from './field_types.ts';
import { NO_MEMBERS } from './printer.ts';
import type { Printer } from './printer.ts';
import type { RoutePlan } from './route_plan.ts';
import { nameIn, requestStyleOf } from './style.ts';
import { propertyName, unionOf } from './text.ts';

/** The type of a body that is no JSON. */
export function rawType({ method: { rules }, raw }: RoutePlan, printer: Printer): Printable {
  if (raw?.kind === 'text') return 'string';
  if (raw?.kind === 'bytes') return 'Uint8Array';
  return rules.mediaTypes.includes('*/*') ? printer.runtime('HttpContent') : [printer.runtime('HttpContent'), '<', unionOf(rules.mediaTypes), '>'];
}

/** The type of the requests of a route. */
export function requestType(plan: RoutePlan, printer: Printer): Printable {
  const { method, raw, needed, without } = plan;
  const { input } = method.desc;
  if (raw !== undefined && raw.field === undefined) return rawType(plan, printer);
  if (!isOwnMessage(input)) return typeOfMessage(input, requestStyleOf(method), printer);
  if (input.fields.every((field) => without.has(field))) return NO_MEMBERS;
  const style = requestStyleOf(method);
  const message = printer.message(input, style);
  if (printer.catalogue.onlyRouteOf(input) === plan) return message;
  const nameOf = (field: (typeof input.fields)[number]): string => nameIn(field, style);
  const left = input.fields.filter((field) => without.has(field) || raw?.field === field);
  const kept = [...needed].filter((field) => field !== raw?.field);
  const plain = kept.length + left.length === 0 ? message : [printer.internal('RequestOf', 'route', true), '<', message, ', ', unionOf(kept.map(nameOf)), ', ', unionOf(left.map(nameOf)), '>'];
  if (raw?.field === undefined) return plain;
  return [plain, ' & { readonly ', propertyName(nameOf(raw.field)), needed.has(raw.field) ? ': ' : '?: ', rawType(plan, printer), ' }'];
}

/** Whether a request may have no member at all. */
export function mayBeEmpty({ method, raw, needed, without }: RoutePlan, { catalogue }: Printer): boolean {
  if ((raw !== undefined && raw.field === undefined) || !isOwnMessage(method.desc.input)) return false;
  const fields = method.desc.input.fields.filter((field) => !without.has(field));
  // What all objects inherit, such as `valueOf`, an object without members has as well, of another type.
  return needed.size === 0 && fields.every((field) => !catalogue.isRequired(field) && !(nameIn(field, requestStyleOf(method)) in {}));
}
