// Package ondisktest makes a disk full for a test of what is written by package ondisk. It is
// for tests alone, and has something to offer on Linux only.
package ondisktest
