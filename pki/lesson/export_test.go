package lesson

// What tests look at, and users need not.

var KeyFiles = keyFiles
