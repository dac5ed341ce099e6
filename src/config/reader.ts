export type Environment = Readonly<Record<string, string | undefined>>;

/** Bad settings: every fault, one a line, each with its variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
  }
}

/** What is wrong with a variable: a phrase that goes on from its name. */
export interface Fault {
  readonly variable: string;
  readonly says: string;
}

/** Converts a value, or says what it expects by throwing an Expected. */
export type Convert<T> = (value: string) => T;

/** What a value should have been, for people. */
export class Expected extends Error {}

/** Variables that belong to others: the tests and the command line. */
const OF_OTHERS = ['KEYTURN_SERVER', 'KEYTURN_SERVER_CA', 'KEYTURN_SERVER_CERT', 'KEYTURN_SERVER_KEY', 'KEYTURN_TEST_DATABASE_URL'];

/** Reads variables one by one and collects what is wrong with them. */
export class Reader {
  readonly #environment: Environment;
  readonly #known = new Set(OF_OTHERS);
  readonly #faults: Fault[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** The converted value; undefined if the variable is unset, empty or wrong. */
  text<T>(name: string, convert: Convert<T>): T | undefined {
    this.#known.add(name);
    const value = this.#environment[name];
    if (value === undefined || value === '') return undefined;
    try {
      return convert(value);
    } catch (error) {
      if (!(error instanceof Expected)) throw error;
      this.complain(name, `expects ${error.message}`);
      return undefined;
    }
  }

  /** Whether a variable has a value, right or wrong. */
  isGiven(name: string): boolean {
    return (this.#environment[name] ?? '') !== '';
  }

  complain(variable: string, says: string): void {
    this.#faults.push({ variable, says });
  }

  get faults(): readonly Fault[] {
    return this.#faults;
  }

  /** Complains of each variable of ours that was never asked for: most likely a slip of the pen. */
  complainOfUnknown(): void {
    for (const name of Object.keys(this.#environment)) {
      if (name.startsWith('KEYTURN_') && !this.#known.has(name)) this.complain(name, 'is not a setting of this version; see README.md');
    }
  }

  /** Throws if anything was complained of. */
  finish(): void {
    if (this.#faults.length > 0) throw new ConfigError(this.#faults.map(({ variable, says }) => `${variable} ${says}`));
  }
}
