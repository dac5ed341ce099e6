import { createEcmaScriptPlugin, runNodeJs } from '@bufbuild/protoplugin';
import { contractsOf } from '../contracts.ts';
import { writeClients, writeRuntime } from './clients.ts';

/** A plugin of buf: writes typed clients of the REST paths of services, below `rest/`. */
runNodeJs(
  createEcmaScriptPlugin({
    name: 'protoc-gen-keyturn-rest',
    version: 'v1',
    generateTs(schema) {
      const contracts = contractsOf(schema);
      if (contracts.length > 0) writeRuntime(schema);
      for (const contract of contracts) writeClients(schema, contract);
    },
  }),
);
