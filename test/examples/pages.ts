/** What it takes to run the shell lines of a page of docs/, and what they print. */
export interface PageRun {
  readonly page: string;
  /** Below which heading; the whole page unless given. */
  readonly heading?: string;
  /** Lines before those of the page: what the page takes for granted. */
  readonly before?: string;
  /** Texts of the page that name places which only its readers have, and what stands for them. */
  readonly places?: Readonly<Record<string, string>>;
  /** In the order of the page. */
  readonly expected: readonly RegExp[];
}

/** A stream has no end of its own: its first line is enough where there is one already, else that it goes on. */
const STREAMS = `watch() { case "$*" in *from*start*) head -n 1 < <(timeout 20 "$@" 2> /dev/null);; *) timeout 3 "$@" || [ $? = 124 ];; esac; }
npx() { case "$*" in *'events watch'*) watch node src/keyturn.js "\${@:2}";; *) shift; node src/keyturn.js "$@";; esac; }
curl() { case "$*" in *events:watch*) watch curl "$@";; *) command curl "$@";; esac; }`;

const DEVICE = (name: string, more = ''): string =>
  `openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out data/${name}.pem && chmod 600 data/${name}.pem
openssl pkey -in data/${name}.pem -pubout | npx keyturn device add ${name} --public-key - ${more}`;

/** The pages whose shell lines run in one shell upon a service that is there. */
export const PAGES: readonly PageRun[] = [
  {
    page: 'docs/applications.md',
    before: "curl() { command curl -w '\\n' \"$@\"; }",
    expected: [/plant-3/, /meters/, /secret_key +\S{20,}/, /ann/, /^HTTP\/1\.1 201 /m, /^x-subject-token: \S+/im, /"methods":\["password"\]/],
  },
  { page: 'docs/connections.md', expected: [/"slot": "SECRET_SLOT_PRIMARY"/, /"access_token":"[\w-]{43}","expires_in":86399/] },
  {
    page: 'docs/contract.md',
    expected: [/^keyturn\.v1\.DeviceKeyService\/UpdatePublicKey$/m, /openapi-ts|generated/i],
  },
  {
    page: 'docs/devices.md',
    before: 'npx keyturn product add meters',
    expected: [/"device_id":"meters_meter-1"/, /"secret":"[0-9a-f]{32}"/, /"page":\{"count":1/, /"extension_info":\{"floor":-1\}/, /(?:HTTP\/1\.1 204 [^]*){3}/],
  },
  {
    page: 'docs/events.md',
    before: `${STREAMS}\nnpx keyturn device add pump-7`,
    expected: [/"type": ?"device\.created"[^\n]*\n[^]*\{"event_id":"\d+",[^\n]*"type":"device\.created"/],
  },
  {
    page: 'docs/messages.md',
    before: `ann() { node examples/identity/sign.mjs data/ann.pem "$@"; }
curl -s localhost:8080/key -H 'Content-Type: application/jwt' -d "$(ann '{}')"
curl -s localhost:8080/scope -H 'Content-Type: application/jwt' -d "$(ann '{"scope":"email","email":"ann@example.com"}')"`,
    expected: [/EMAIL .*ann@example\.com +Your code is/],
  },
  {
    page: 'docs/reset_secret.md',
    before: "npx keyturn device add thermo-01\ncurl() { command curl -w '\\n' \"$@\"; }",
    expected: [/^\{"device_id":"thermo-01","secret":"[0-9a-f]{32}","secret_type":"PRIMARY"\}$/m, /^\{"device_id":"thermo-01","secret":"[0-9a-f]{32}","secret_type":"SECONDARY"\}$/m],
  },
  {
    page: 'docs/rotate.md',
    before: `keyturn() { node src/keyturn.js "$@"; }\n${DEVICE('pump-7', '--scope telemetry.write')}`,
    places: { 'https://keyturn.example.com': 'http://localhost:8080', 'pump-7.pem': 'data/pump-7.pem', 'pump-7.state': 'data/pump-7.state' },
    expected: [/^pump-7 has the new key [0-9a-f]{64} \(ES256\)$/m],
  },
];

/** The pages whose shell lines start the service themselves, by `npm start` or `keyturn serve`; `serve` does what the page takes for granted. */
export const STARTING_PAGES: readonly PageRun[] = [
  {
    page: 'docs/secrets.md',
    before: 'serve',
    places: { '/a/safe/place': 'data/copy.keys' },
    expected: [/^KEY_ID +ACTIVE +VALUES +MISSING\n(?:\S+ +yes +\d+ +no\n\S+ +no +0 +no|\S+ +no +0 +no\n\S+ +yes +\d+ +no)$/m],
  },
  {
    page: 'docs/tls.md',
    places: { 'tls.crt': 'data/tls.crt', 'tls.key': 'data/tls.key' },
    expected: [/^keyturn ready http=https:/m],
  },
  {
    page: 'docs/two_nodes.md',
    places: {
      'postgres://keyturn:PASSWORD@db.example.com:5432/keyturn': 'DATABASE_OF_ITS_OWN',
      'KEYTURN_OPERATOR_TOKEN=...': 'KEYTURN_OPERATOR_TOKEN=$(cat data/operator.token)',
      'KEYTURN_MASTER_KEYS=...': `KEYTURN_MASTER_KEYS=all:${Buffer.alloc(32, 9).toString('base64')}`,
      'KEYTURN_DRAIN_DELAY=15': 'KEYTURN_DRAIN_DELAY=1',
      '10.0.0.11:8080': '127.0.0.1:0',
      '10.0.0.11:50051': '127.0.0.1:0',
      'npx mocha': 'npx mocha --dry-run',
    },
    expected: [/^keyturn ready .* store=postgres$/m, /rolling/i],
  },
];
