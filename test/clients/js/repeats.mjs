// How the AWS SDK for JavaScript takes an agent's answers: node repeats.mjs ENDPOINT
// One line of JSON for each write, in its default retry mode: {"write": ..., "error": ..., "attempts": ...}

import { DynamoDBClient, PutItemCommand, TransactWriteItemsCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";

const client = new DynamoDBClient({
  endpoint: process.argv[2],
  region: "us-east-1",
  credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
});
const Key = (id) => ({ id: { S: id } });
const one = { ":one": { N: "1" } };
const writes = {
  put: new PutItemCommand({ TableName: "items", Item: Key("js-put") }),
  add: new UpdateItemCommand({ TableName: "items", Key: Key("js-add"), UpdateExpression: "ADD n :one", ExpressionAttributeValues: one }),
  transaction: new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName: "items", Item: Key("js-transaction") } }] }),
};
for (const [write, command] of Object.entries(writes)) {
  try {
    const done = await client.send(command);
    console.log(JSON.stringify({ write, error: null, attempts: done.$metadata.attempts }));
  } catch (error) {
    console.log(JSON.stringify({ write, error: error.name, message: error.message, attempts: error.$metadata?.attempts }));
  }
}
