// replay.js CHROMIUM FILE URL: what a browser shows of a page that it has from an archive alone.
const { chromium } = require("playwright-core");

(async () => {
  const [, , executablePath, file, url] = process.argv;
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND"] });
  try {
    const context = await browser.newContext({ serviceWorkers: "block" });
    await context.routeFromHAR(file, { notFound: "abort" });
    const page = await context.newPage();
    const reply = await page.goto(url);
    await page.waitForFunction(() => document.body.dataset.done);
    console.log(JSON.stringify({ status: reply.status(), header: (await reply.allHeaders())["x-lab"], said: await page.textContent("#said") }));
  } finally {
    await browser.close();
  }
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
