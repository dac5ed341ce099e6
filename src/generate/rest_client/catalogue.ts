import type { DescEnum, DescField, DescMessage, DescService } from '@bufbuild/protobuf';
import { FieldRules, JsonNames, JsonUnset } from '../../../gen/keyturn/options/v1/options.ts';
import { readOption } from '../../contract/image.ts';
import type { Image } from '../../contract/image.ts';
import { isOwnMessage, typeOfField, unsetOf } from './field_types.ts';
import type { Names } from './field_types.ts';
import type { RoutePlan } from './route_plan.ts';
import { nameIn, requestStyleOf } from './style.ts';
import type { Style } from './style.ts';

/** A form of a message, which has an interface of its own. */
export interface Variant {
  readonly desc: DescMessage;
  readonly style: Style;
  readonly signature: string;
}

/** Names that generated code means otherwise. */
const TAKEN = new Set(['AsyncIterable', 'Exclude', 'Omit', 'Promise', 'Readonly', 'ReadonlyArray', 'Record', 'Uint8Array']);

/** The messages and enums that clients show, each message in as many forms as differ. */
export class Catalogue {
  readonly #image: Image;
  readonly #variants = new Map<DescMessage, Variant[]>();
  readonly #enums = new Set<DescEnum>();
  readonly #requests = new Map<DescMessage, RoutePlan[]>();
  readonly #withinRequests = new Set<DescMessage>();

  constructor(image: Image) {
    this.#image = image;
  }

  /** Adds the request of a route. */
  addRequest(plan: RoutePlan): void {
    const { desc } = plan.method;
    this.#requests.set(desc.input, [...(this.#requests.get(desc.input) ?? []), plan]);
    this.add(desc.input, requestStyleOf(plan.method));
  }

  /** The route whose request a message is, if it is no other's, and no part of one either: its interface is that of the route. */
  onlyRouteOf(desc: DescMessage): RoutePlan | undefined {
    const [plan, ...others] = this.#requests.get(desc) ?? [];
    return others.length > 0 || this.#withinRequests.has(desc) ? undefined : plan;
  }

  /** Adds a message with all that it holds. */
  add(desc: DescMessage, style: Style): void {
    if (!isOwnMessage(desc)) return;
    const signature = this.#signature(desc, style, []);
    const variants = this.#variants.get(desc) ?? [];
    if (variants.some((variant) => variant.signature === signature)) return;
    this.#variants.set(desc, [...variants, { desc, style, signature }]);
    for (const field of desc.fields) this.addField(field, style);
  }

  addField({ message, enum: desc }: DescField, style: Style): void {
    if (message !== undefined && style.direction === 'in') this.#withinRequests.add(message);
    if (message !== undefined) this.add(message, style);
    if (desc !== undefined) this.#enums.add(desc);
  }

  variantsOf(desc: DescMessage): readonly Variant[] {
    return this.#variants.get(desc) ?? [];
  }

  hasEnum(desc: DescEnum): boolean {
    return this.#enums.has(desc);
  }

  /** Whether a request must have this field, in every route. */
  isRequired(field: DescField): boolean {
    return readOption(this.#image, field, 'keyturn.options.v1.field', FieldRules)?.required === true;
  }

  /** The name of a message's interface: its own for what answers have, and where there is one form only. */
  nameOf(desc: DescMessage, style: Style): string {
    const variants = this.variantsOf(desc);
    const signature = this.#signature(desc, style, []);
    const variant = variants.find((each) => each.signature === signature);
    if (variant === undefined) throw new Error(`${desc.typeName} is not in the catalogue in this style`);
    const name = typeNameOf(desc);
    const first = variants.find((each) => each.style.direction === style.direction);
    const base = style.direction === 'in' && variants.some((each) => each.style.direction === 'out') ? `${name}Input` : name;
    return variant === first ? base : `${base}${wordsOf(variant.style)}`;
  }

  #signature(desc: DescMessage, style: Style, above: readonly DescMessage[]): string {
    if (above.includes(desc)) return `^${desc.typeName}`;
    const inner = (message: DescMessage): string => this.#signature(message, style, [...above, desc]);
    const names: Names = { runtime: (name) => name, enum: ({ typeName }) => typeName, message: inner };
    const members = desc.fields.map((field) => {
      const presence = style.direction === 'out' ? unsetOf(field, style.unset) : this.isRequired(field);
      return `${nameIn(field, style)} ${presence} ${JSON.stringify(typeOfField(field, style, names))}`;
    });
    return `${desc.typeName} ${style.direction} {${members.join(';')}}`;
  }
}

/** The name of a message or enum without its package; those within others have theirs before it. */
export function typeNameOf(desc: DescMessage | DescEnum): string {
  const name = desc.typeName.slice(desc.file.proto.package.length).replace(/^\./, '').replaceAll('.', '_');
  return TAKEN.has(name) ? `${name}_` : name;
}

function wordsOf(style: Style): string {
  const names = style.names === JsonNames.JSON_NAMES_PROTO ? 'Proto' : 'Json';
  if (style.direction === 'in') return `${names}${style.isVendor ? 'Vendor' : 'Strict'}`;
  return `${names}${style.unset === JsonUnset.JSON_UNSET_OMIT ? 'Omit' : style.unset === JsonUnset.JSON_UNSET_NULL ? 'Null' : 'Default'}`;
}

/** Where the types of a proto file are written. */
export function moduleOf({ file }: Pick<DescService | DescMessage | DescEnum, 'file'>): string {
  return `./rest/${file.name}.js`;
}
