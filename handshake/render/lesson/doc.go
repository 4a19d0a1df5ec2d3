// Package lesson shows what needs whole lessons: package scenario's and package replay's.
// It turns what they return into package transcript's documents.
package lesson
