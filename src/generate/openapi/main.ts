import { createEcmaScriptPlugin, runNodeJs } from '@bufbuild/protoplugin';
import { contractsOf } from '../contracts.ts';
import { openApiDocument } from './document.ts';

/** A plugin of buf: writes the OpenAPI document of the contract, `openapi.json`. */
runNodeJs(
  createEcmaScriptPlugin({
    name: 'protoc-gen-keyturn-openapi',
    version: 'v1',
    generateTs(schema) {
      for (const contract of contractsOf(schema)) {
        schema.generateFile('openapi.json').print(JSON.stringify(openApiDocument(contract), undefined, 1));
      }
    },
  }),
);
