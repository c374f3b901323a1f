// The AWS SDK for JavaScript with everything from its environment: node discovery.mjs NAME...
// Puts one item for each name, one after the other; what fails ends it.

import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";

const client = new DynamoDBClient({});
for (const name of process.argv.slice(2)) {
  await client.send(new PutItemCommand({ TableName: "items", Item: { id: { S: name } } }));
}
