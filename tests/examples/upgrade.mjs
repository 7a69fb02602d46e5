// Carries out what its argument says, and prints what came of it as JSON; a test runs it in Node.
import { ForewarnClient, NoAnswer, fileStorage } from "../../examples/javascript/forewarn-client.mjs";

const task = JSON.parse(process.argv[2]);
const storage = await fileStorage(task.state);
const now = () => task.now ?? Date.now();
const question = { from: "4.1.3", to: "4.2.0", footprint: task.footprint };

async function open() {
  const { server, key, noAnswer, timeLimit } = task;
  return ForewarnClient.open({ server, key, product: "notes", storage, noAnswer, timeLimit, now });
}

const acts = {
  ask: async () => (await open()).beforeUpgrade(question),
  accept: async () => {
    const client = await open();
    await client.checkIn({ version: "4.1.3", footprint: task.footprint });
    return client.beforeUpgrade({ ...question, accept: ["NOTES-4411"] });
  },
  answer: async () => {
    const client = await open();
    const notices = await client.checkIn({ version: "4.1.3", footprint: task.footprint, platform: { os: "linux" } });
    await client.seen(notices[0].id);
    await client.choose(notices[0].id, 1);
    return { install: client.install, notices };
  },
  install: async () => ({ install: (await open()).install }),
};

try {
  console.log(JSON.stringify(await acts[task.act]()));
} catch (error) {
  console.log(JSON.stringify({ error: error.message, noAnswer: error instanceof NoAnswer }));
}
