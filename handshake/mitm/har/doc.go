// Package har writes HTTP Archives, which browsers' developer tools and most debugging
// proxies read: HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/), with fields of
// our own, under names that begin with an underscore as the specification has it, for
// what TLS was like on each leg.
//
// It is no reader, and it does not watch traffic: a proxy fills Entries and adds them.
//
// A Writer keeps a complete document under its name at every instant, and keeps no
// entry in memory but the last: see writer.go. The types are in har.go, what makes them
// of net/http's in message.go and body.go.
package har
