// Package clitest is what the tests of more than one room share: the command run in this
// process (command.go) or beside it (job.go), and what is asked of what it says.
//
// It is for tests alone: no verb imports it. Read command.go first.
package clitest
