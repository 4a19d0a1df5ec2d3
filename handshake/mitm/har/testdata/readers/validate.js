// validate.js FILE: what har-validator has against an archive.
const fs = require("fs");
const validate = require("har-validator/lib/promise");

validate.har(JSON.parse(fs.readFileSync(process.argv[2], "utf8"))).then(
  (har) => console.log(har.log.entries.length),
  (error) => {
    console.error(JSON.stringify(error.errors, null, 1));
    process.exit(1);
  },
);
