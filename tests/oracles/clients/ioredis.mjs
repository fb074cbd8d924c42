// ioredis: says what it makes of a URL. Called with the URL and a prefix for keys; see ../README.md.

import { createRequire } from 'node:module';

const { NODE_CLIENTS } = process.env;
if (!NODE_CLIENTS) {
  console.error('NODE_CLIENTS is not set: the folder that has node_modules in it');
  process.exit(1);
}
const require = createRequire(`${NODE_CLIENTS}/`);
const [url, prefix] = process.argv.slice(2);

if (url === '--version') {
  console.log(require('ioredis/package.json').version);
  process.exit();
}

async function probe() {
  const { Redis } = require('ioredis');
  let cause;
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  client.on('error', (error) => { cause ??= error; });
  try {
    await client.connect();
    await client.set(`${prefix}probe`, 'written by ioredis');
    return {
      whoami: await client.acl('WHOAMI'),
      got: await client.get(`${prefix}probe`),
      db: Number(/(?:^| )db=(\d+)/.exec(await client.client('INFO'))[1]),
      foreign: await client.get('foreign:probe').then(() => null, (error) => error.message),
    };
  } catch (error) {
    // What it rejects with is often only `Connection is closed.`
    throw cause ?? error;
  } finally {
    client.disconnect();
  }
}

probe().then(
  (said) => console.log(JSON.stringify(said)),
  (error) => {
    console.error(`${error.name}: ${error.message}`);
    process.exit(1);
  },
);
