package page

// className is the name of a class.
type className uint8

// The classes. The script adds "on" and "selected", which no element has at first.
const (
	noClass className = iota
	classAct
	classLadder
	classHead
	classFlight
	classChapter
	classRow
	classWork
	classArrow
	classSealed
	classClear
	classIntegrity
	classForged
	classRefused
	classFailed
	classN
	classCalled
	classCaption
	classCell
	classLane
	classLine
	classWays
	classTelling
	classBytes
	classHex
	classFields
	classItem
	classHidden
	classViews
	classChecks
	classGrid
	classKnows
	classFold
	classSize
	classValue
	classMeans
	classRecord
	classMark
	classParty
	classSum
	classTop
	classMyth
	classRef
	classDim
	classGood
	classBad
	classPrivate
	classStep
	classEdges
	classCommand
	classBold
	classLabel
	classMythStyle
	classLeg
	classOutcome
	classWhy
	classMade
	classUsed
	classPair
	classParagraph
	classMiddle
	classEnd
	classAll
	classLeft
	classRight
	classIndent1
	classIndent2
	classIndent3
	classList
	classHeading
	classOnlooker
	classColumn
	classKind
	classWhole
	classScene
	classChoice
	classSays
	classFirst
	classSecond
	classPlain
	classScroll
	classKnower
	classSecret
	classCheck
	classMyths
	classQuote
	classPath
	classWord
	classForgedMark
	classLegend
	classBrief
	classLong
	classO0
	classO1
	classO2
	classO3
	classO4
)

var classNames = [...]string{
	classAct: "act", classLadder: "ladder", classHead: "head", classFlight: "flight", classChapter: "chapter", classRow: "row",
	classWork: "work", classArrow: "arrow", classSealed: "sealed", classClear: "clear", classIntegrity: "integrity", classForged: "forged",
	classRefused: "refused", classFailed: "failed", classN: "n", classCalled: "name", classCaption: "caption", classCell: "cell",
	classLane: "lane", classLine: "line", classWays: "ways", classTelling: "telling", classBytes: "bytes", classHex: "hex",
	classFields: "fields", classItem: "item", classHidden: "hidden", classViews: "views", classChecks: "checks", classGrid: "grid",
	classKnows: "knows", classFold: "fold", classSize: "size", classValue: "value", classMeans: "means", classRecord: "record",
	classMark: "mark", classParty: "party", classSum: "sum", classTop: "top", classMyth: "myth", classRef: "ref", classDim: "dim",
	classGood: "good", classBad: "bad", classPrivate: "private", classStep: "step", classEdges: "edges", classCommand: "command",
	classBold: "bold", classLabel: "label", classMythStyle: "said", classLeg: "leg", classOutcome: "outcome", classWhy: "why",
	classMade: "from", classUsed: "into", classPair: "pair", classParagraph: "p", classMiddle: "middle", classEnd: "end", classAll: "all",
	classLeft: "left", classRight: "right", classIndent1: "i1", classIndent2: "i2", classIndent3: "i3", classList: "list",
	classHeading: "heading", classOnlooker: "onlooker", classColumn: "column", classKind: "kind", classWhole: "whole", classScene: "scene", classChoice: "choice", classSays: "says", classFirst: "first", classSecond: "second",
	classPlain: "plain", classScroll: "scroll",
	classKnower: "knower", classSecret: "secret",
	classCheck: "check", classMyths: "myths", classQuote: "quote",
	classPath: "path", classWord: "word", classForgedMark: "fake",
	classLegend: "legend",
	classO0:     "o0", classO1: "o1", classO2: "o2", classO3: "o3", classO4: "o4",
}
