import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { follow } from '../../transport/rest/binding/fields.ts';
import { parseTemplate } from '../../transport/rest/routing/template.ts';
import type { Segment, Template, Variable } from '../../transport/rest/routing/template.ts';

/** A parameter in a path: a segment, or with `**` all that is left. */
export interface PathParameter {
  readonly name: string;
  readonly kind: 'any' | 'rest';
  /** The field that it gives; undefined if none. */
  readonly field: DescField | undefined;
  /** The template of the field's value where the parameter is only a part of it. */
  readonly partOf: string | undefined;
}

export interface OpenApiPath {
  readonly path: string;
  /** The same for all paths that take the same requests, whatever their parameters are called. */
  readonly shape: string;
  readonly parameters: readonly PathParameter[];
  /** Whether the template says no more than the path does. */
  readonly isPlain: boolean;
}

/** What RFC 3986 allows in a segment, and encodeURIComponent escapes. */
const NEEDLESS_ESCAPE = /%(?:24|26|2B|2C|3B|3D|40)/g;

/** A path template of google.api.http as OpenAPI has it: a parameter for each wildcard, and nothing in braces but its name. */
export function pathOf(template: string, input: DescMessage): OpenApiPath {
  const parsed = parseTemplate(template);
  const parameters: PathParameter[] = [];
  const texts = parsed.segments.map((segment, index) => {
    if (segment.kind === 'literal') return literal(segment.text);
    const parameter = parameterOf(parsed, index, segment.kind, input);
    parameters.push(parameter);
    return `{${parameter.name}}`;
  });
  const path = `/${texts.join('/')}${parsed.verb === undefined ? '' : `:${literal(parsed.verb)}`}`;
  return { path, shape: shapeOf(path), parameters, isPlain: path === template };
}

/** A path without the names of its parameters. */
export function shapeOf(path: string): string {
  return path.replaceAll(/\{[^}]*\}/g, '{}');
}

function parameterOf({ segments, variables }: Template, index: number, kind: PathParameter['kind'], input: DescMessage): PathParameter {
  const variable = variables.find(({ start, end }) => start <= index && index < end);
  if (variable === undefined) return { name: `segment_${segments.slice(0, index + 1).filter(isWildcard).length}`, kind, field: undefined, partOf: undefined };
  const own = segments.slice(variable.start, variable.end);
  const [count, place] = [own.filter(isWildcard).length, own.slice(0, index - variable.start + 1).filter(isWildcard).length];
  return {
    name: count === 1 ? variable.path : `${variable.path}_${place}`,
    kind,
    field: follow(input, variable.path, 'proto').path.at(-1),
    partOf: own.length > 1 ? textOf(variable, own) : undefined,
  };
}

function isWildcard({ kind }: Segment): boolean {
  return kind !== 'literal';
}

function textOf({ path }: Variable, segments: readonly Segment[]): string {
  const texts = segments.map((segment) => (segment.kind === 'literal' ? segment.text : segment.kind === 'any' ? '*' : '**'));
  return `${path}=${texts.join('/')}`;
}

function literal(text: string): string {
  return encodeURIComponent(text).replaceAll(NEEDLESS_ESCAPE, decodeURIComponent);
}
