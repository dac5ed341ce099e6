import { isDeepStrictEqual } from 'node:util';
import type { Service } from '../../contract/model.ts';
import { hasEnvelope } from './envelopes.ts';
import { splitTarget } from './routing/target.ts';

/** A service and one of its path prefixes, by segments; none for `/`. */
interface Owner {
  readonly prefix: readonly string[];
  readonly service: Service;
}

/** The first segment of a target that reads as it is written. */
const PLAIN_HEAD = /^\/([\w.~-]*)(?:[/?]|$)/;

/** Which service each path belongs to, whether there is a route for it or not. */
export class Owners {
  /** The longest prefixes first. */
  readonly #owners: readonly Owner[];
  /** By first segment; undefined where a prefix has a second one, which a path must be read for. */
  readonly #byHead = new Map<string, Service | undefined>();
  /** Of `/`. */
  readonly root: Service;

  /** Throws if an envelope cannot be written, or if a prefix has two owners, or `/` none. */
  constructor(services: readonly Service[]) {
    this.#owners = ownersOf(services);
    const root = this.#owners.find(({ prefix }) => prefix.length === 0);
    if (root === undefined) throw new Error('no service owns the path prefix /');
    this.root = root.service;
    for (const { prefix, service } of this.#owners) {
      const [head] = prefix;
      if (head !== undefined && !this.#byHead.has(head)) this.#byHead.set(head, prefix.length === 1 ? service : undefined);
    }
  }

  /** The service whose prefix of whole segments is the longest; in a malformed path the segments count as written. */
  of(rawTarget: string): Service {
    const head = PLAIN_HEAD.exec(rawTarget)?.[1];
    if (head !== undefined) {
      const service = this.#byHead.get(head);
      if (service !== undefined || !this.#byHead.has(head)) return service ?? this.root;
    }
    const segments = splitTarget(rawTarget)?.texts ?? rawTarget.split(/[?#]/, 1)[0]?.slice(1).split('/') ?? [];
    return this.#owners.find(({ prefix }) => prefix.every((segment, index) => segment === segments[index]))?.service ?? this.root;
  }

  /** Why a service may not have this path; undefined if it may: the owner is itself, or what is refused there looks the same. */
  objection(path: string, service: Service): string | undefined {
    const owner = this.of(path);
    if (owner === service) return undefined;
    const [there, here] = [owner.desc.typeName, service.desc.typeName];
    if (service.rules.pathPrefixes.length > 0) return `it is under a prefix of ${there}, and ${here} has prefixes of its own`;
    return isDeepStrictEqual(styleOf(owner), styleOf(service)) ? undefined : `it is under a prefix of ${there}, which answers otherwise than ${here}`;
  }
}

/** All that is stated for a service as a whole, but where it is and what its methods have in common. */
function styleOf({ rules }: Service): object {
  return { ...rules, pathPrefixes: undefined, defaults: undefined };
}

function ownersOf(services: readonly Service[]): Owner[] {
  const owners = new Map<string, Service>();
  for (const service of services) {
    const { envelope, fallbackEnvelope, pathPrefixes } = service.rules;
    for (const each of [envelope, fallbackEnvelope]) {
      if (each !== 0 && !hasEnvelope(each)) throw new Error(`${service.desc.toString()}: its envelope ${each} cannot be written`);
    }
    for (const prefix of pathPrefixes) {
      if (owners.has(prefix)) throw new Error(`path prefix ${prefix} has two owners`);
      owners.set(prefix, service);
    }
  }
  return [...owners]
    .map(([prefix, service]) => ({ prefix: prefix.split('/').filter((segment) => segment !== ''), service }))
    .toSorted((a, b) => b.prefix.length - a.prefix.length);
}
