// node-redis: says what it makes of a URL. Called with the URL, a prefix for keys and, for what the URL alone does not
// bring about, options of the library as JSON; see ../README.md.

import { createRequire } from 'node:module';

const { NODE_CLIENTS } = process.env;
if (!NODE_CLIENTS) {
  console.error('NODE_CLIENTS is not set: the folder that has node_modules in it');
  process.exit(1);
}
const require = createRequire(`${NODE_CLIENTS}/`);
const [url, prefix, options = '{}'] = process.argv.slice(2);

if (url === '--version') {
  console.log(require('redis/package.json').version);
  process.exit();
}

async function probe() {
  const { createClient } = require('redis');
  const { socket, ...rest } = JSON.parse(options);
  const client = createClient({ url, ...rest, socket: { reconnectStrategy: false, ...socket } });
  client.on('error', () => {});
  await client.connect();
  await client.set(`${prefix}probe`, 'written by node-redis');
  const said = {
    whoami: await client.aclWhoAmI(),
    got: await client.get(`${prefix}probe`),
    db: (await client.clientInfo()).db,
    foreign: await client.get('foreign:probe').then(() => null, (error) => error.message),
  };
  await client.close();
  return said;
}

probe().then(
  (said) => console.log(JSON.stringify(said)),
  (error) => {
    console.error(`${error.name}: ${error.message}`);
    process.exit(1);
  },
);
