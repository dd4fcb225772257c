/** The inner modules of KafkaJS 2.2.4 that `kafkajs-patch.ts` reaches into: KafkaJS declares no types for them. */
declare module "kafkajs/src/cluster/brokerPool.js";
declare module "kafkajs/src/protocol/decoder.js";
declare module "kafkajs/src/protocol/encoder.js";
declare module "kafkajs/src/protocol/error.js";
declare module "kafkajs/src/protocol/requests/addPartitionsToTxn/v1/response.js";
declare module "kafkajs/src/protocol/requests/fetch/index.js";
declare module "kafkajs/src/protocol/requests/fetch/v11/response.js";
declare module "kafkajs/src/protocol/requests/metadata/index.js";
declare module "kafkajs/src/protocol/requests/metadata/v6/response.js";
declare module "kafkajs/src/protocol/requests/produce/index.js";
declare module "kafkajs/src/protocol/requests/produce/v7/response.js";
declare module "kafkajs/src/network/connection.js";
declare module "kafkajs/src/network/requestQueue/index.js";
