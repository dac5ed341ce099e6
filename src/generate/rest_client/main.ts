import { createEcmaScriptPlugin, runNodeJs } from '@bufbuild/protoplugin';
import { contractsOf } from '../contracts.ts';
import { printService } from './service.ts';

/** A plugin of buf: writes a typed client of every service's REST paths, a file a service, below `rest/`. */
runNodeJs(
  createEcmaScriptPlugin({
    name: 'protoc-gen-keyturn-rest',
    version: 'v1',
    generateTs(schema) {
      for (const { services } of contractsOf(schema)) {
        for (const service of services) {
          if (service.methods.some(({ http }) => http.length > 0)) printService(schema.generateFile(`rest/${service.desc.file.name}.ts`), service);
        }
      }
    },
  }),
);
