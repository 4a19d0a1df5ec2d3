package page

// className is the name of a class.
type className uint8

// The classes. The script adds "js", "on", "selected", "lecture", and "from" and "into" for what a
// marked secret is made from and goes into, and "settled" where a question was revealed: no element has
// those at first.
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
	classIntegrity
	classForged
	classRefused
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
	classRecord
	classMark
	classSum
	classTop
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
	classParagraph
	classMiddle
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
	classForgedMark
	classLegend
	classBrief
	classLong
	classBullet
	classO0
	classO1
	classO2
	classO3
	classO4
	classReaders
	classLegs
	classLab
	classLessons
	classSwitch
	classGroup
	classPair
	classPairRow
	classDiffers
	classPredicts
	classAsk
	classOption
	classReveal
	classHit
	classMiss
	classBlank
	classTally
	classEntries
	classCount
	classWhere
	classFailed
	classRemarked
	classState
	classFilter
	endOfClasses
)

var classNames = [...]string{
	classReaders: "readers", classLegs: "legs",
	classLab: "lab", classLessons: "lessons", classSwitch: "switch", classGroup: "group",
	classPair: "pair", classPairRow: "both", classDiffers: "differs",
	classPredicts: "predicts", classAsk: "ask", classOption: "option", classReveal: "reveal", classHit: "hit", classMiss: "miss", classBlank: "blank", classTally: "tally",
	classEntries: "entries", classCount: "count", classWhere: "where", classFailed: "failed", classRemarked: "remarked", classState: "state", classFilter: "filter",
	classAct: "act", classLadder: "ladder", classHead: "head", classFlight: "flight", classChapter: "chapter", classRow: "row",
	classWork: "work", classArrow: "arrow", classSealed: "sealed", classIntegrity: "integrity", classForged: "forged",
	classRefused: "refused", classN: "n", classCalled: "name", classCaption: "caption", classCell: "cell",
	classLane: "lane", classLine: "line", classWays: "ways", classTelling: "telling", classBytes: "bytes", classHex: "hex",
	classFields: "fields", classItem: "item", classHidden: "hidden", classViews: "views", classChecks: "checks", classGrid: "grid",
	classKnows: "knows", classFold: "fold", classSize: "size", classValue: "value", classRecord: "record", classMark: "mark",
	classSum: "sum", classTop: "top", classRef: "ref", classDim: "dim", classGood: "good",
	classBad: "bad", classPrivate: "private", classStep: "step", classEdges: "edges", classCommand: "command", classBold: "bold",
	classLabel: "label", classMythStyle: "said", classLeg: "leg", classOutcome: "outcome", classWhy: "why", classMade: "made",
	classUsed: "used", classParagraph: "p", classMiddle: "middle", classLeft: "left", classRight: "right",
	classIndent1: "i1", classIndent2: "i2", classIndent3: "i3", classList: "list", classHeading: "heading", classOnlooker: "onlooker",
	classColumn: "column", classKind: "kind", classScene: "scene", classChoice: "choice", classSays: "says", classFirst: "first",
	classSecond: "second", classPlain: "plain", classScroll: "scroll", classKnower: "knower", classSecret: "secret", classCheck: "check",
	classMyths: "myths", classQuote: "quote", classPath: "path", classForgedMark: "fake", classLegend: "legend",
	classBrief: "brief", classLong: "long", classBullet: "bullet", classO0: "o0", classO1: "o1", classO2: "o2", classO3: "o3", classO4: "o4",
}
