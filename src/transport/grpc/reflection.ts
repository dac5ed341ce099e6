import type { ServiceDefinition, ServerDuplexStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { toBinary } from '@bufbuild/protobuf';
import type { DescFile } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { ServerReflectionRequest, ServerReflectionResponse, ServerReflectionService } from '../../../gen/grpc/reflection/v1/reflection.ts';
import type { Image } from '../../contract/image.ts';

type Answer = ServerReflectionResponse['messageResponse'];
type Stream = ServerDuplexStream<ServerReflectionRequest, ServerReflectionResponse>;

/** A service with its handlers, as grpc-js takes them. */
export interface ReflectionService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

/**
 * Server reflection (grpc.reflection.v1 and v1alpha, which has the same
 * messages) from the descriptor image, so that what clients see is the contract
 * byte for byte. `open` holds the streams that have not ended.
 */
export function reflectionServices(image: Image, services: readonly string[], open: Set<{ end(): void }>): ReflectionService[] {
  const implementation = {
    serverReflectionInfo: (stream: Stream) => {
      open.add(stream);
      stream.once('close', () => open.delete(stream));
      stream.once('cancelled', () => open.delete(stream));
      serve(stream, image, services);
    },
  };
  const v1 = ServerReflectionService;
  const v1alpha = {
    serverReflectionInfo: { ...v1.serverReflectionInfo, path: v1.serverReflectionInfo.path.replace('.v1.', '.v1alpha.') },
  };
  return [v1, v1alpha].map((definition) => ({ definition, implementation }));
}

function serve(stream: Stream, image: Image, services: readonly string[]): void {
  stream.on('data', (request: ServerReflectionRequest) => {
    const messageResponse = answer(request, image, services);
    if (stream.write({ validHost: request.host, originalRequest: request, messageResponse })) return;
    // A caller that asks and does not read gets no more answers made.
    stream.pause();
    stream.once('drain', () => stream.resume());
  });
  stream.on('end', () => stream.end());
}

function answer({ messageRequest }: ServerReflectionRequest, image: Image, services: readonly string[]): Answer {
  switch (messageRequest?.$case) {
    case 'listServices':
      return { $case: 'listServicesResponse', value: { service: services.map((name) => ({ name })) } };
    case 'fileByFilename':
      return filesOf(image.registry.getFile(messageRequest.value));
    case 'fileContainingSymbol':
      return filesOf(fileOfSymbol(image, messageRequest.value));
    case 'fileContainingExtension': {
      const { containingType, extensionNumber } = messageRequest.value;
      const message = image.registry.getMessage(containingType);
      return filesOf(message && image.registry.getExtensionFor(message, extensionNumber)?.file);
    }
    case 'allExtensionNumbersOfType':
      return extensionsOf(image, messageRequest.value);
    default:
      return refusal(status.INVALID_ARGUMENT, 'the request names nothing to look up');
  }
}

function fileOfSymbol(image: Image, name: string): DescFile | undefined {
  const desc = image.registry.get(name);
  if (desc !== undefined) return desc.file;
  // A method, a field or an enum value: its parent has the file.
  const parent = image.registry.get(name.slice(0, Math.max(0, name.lastIndexOf('.'))));
  const member = name.slice(name.lastIndexOf('.') + 1);
  if (parent?.kind === 'service' && parent.methods.some((method) => method.name === member)) return parent.file;
  if (parent?.kind === 'message' && parent.fields.some((field) => field.name === member)) return parent.file;
  return undefined;
}

/** A file with all that it imports, each once, as the protocol asks. */
function filesOf(file: DescFile | undefined): Answer {
  if (file === undefined) return refusal(status.NOT_FOUND, 'the contract has no such name');
  const files = new Set<DescFile>();
  const add = (next: DescFile): void => {
    if (files.has(next)) return;
    files.add(next);
    next.dependencies.forEach(add);
  };
  add(file);
  const fileDescriptorProto = [...files].map((next) => Buffer.from(toBinary(FileDescriptorProtoSchema, next.proto)));
  return { $case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
}

function extensionsOf(image: Image, typeName: string): Answer {
  if (image.registry.getMessage(typeName) === undefined) return refusal(status.NOT_FOUND, 'the contract has no such message');
  const extensionNumber = [...image.registry]
    .filter((desc) => desc.kind === 'extension')
    .filter((desc) => desc.extendee.typeName === typeName)
    .map((desc) => desc.number);
  return { $case: 'allExtensionNumbersResponse', value: { baseTypeName: typeName, extensionNumber } };
}

function refusal(errorCode: number, errorMessage: string): Answer {
  return { $case: 'errorResponse', value: { errorCode, errorMessage } };
}
