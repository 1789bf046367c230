import json
from test_proceedings import *
Q = {
"s": [
'{ decisions(cycle: "MINI-2018", first: 20) { nodes { position unitId kind amount grade rule { article } status basisStatus basisPosition supersedingPosition subjectUnderVeto honoured { position } revoked { position at reasonCode recovery } recovery recovered timeline { type } } pageInfo { hasNextPage } } }',
'{ decisions(cycle: "MINI-2018", first: 20, filter: {subjectUnderVeto: true, status: [REVOKED]}) { nodes { position } } }',
'{ obligations(cycle: "MINI-2018", first: 20) { nodes { kind status unitId article grade amount positions sinceOn dueOn } } }',
'{ adjustments(cycle: "MINI-2018", first: 20) { nodes { position unitId kind matterId level rule { source article } status claimed granted counted reason timeline { type } } } }',
'{ vetoes(cycle: "MINI-2018", first: 20) { nodes { position unitId effect grade liftedPosition rule { article } matter } } }',
'{ appeals(cycle: "MINI-2018", first: 20) { nodes { position unitId kind aboutPosition indicatorId level status answerDueOn overdue panel outcome decidedLate decidedPosition directs implementedBy timeline { type } } } }',
'{ spotChecks(cycle: "MINI-2018", first: 20) { nodes { checkId plannedPosition sampleReproduces coverage { groupId scores checked discrepancies errorRate } checked { unitId observed gap outcome } } } }',
'{ cases(first: 20) { nodes { position caseId cycleId title opened closed flags { position } findingPositions timeline { type } } } }',
],
"y": [
'{ discrepancies(cycle: "MINI-2018", first: 5, minGap: "0.5") { nodes { unitId claimed official gap officialPosition claimedPosition } } }',
'{ spotChecks(cycle: "MINI-2018", first: 20) { nodes { checkId seed n tolerance asOfPosition plannedPosition sampleReproduces coverage { groupId scores drawn checked discrepancies shareChecked errorRate } checked { unitId observed drawn gap outcome } } } }',
'{ evaluations(cycle: "MINI-2018", first: 20) { nodes { campaignId raterClass groupId eligibleCount closedPosition reproduced ballots invalidBallots tallies { unitId n nValid mean trimmed survey } } } }',
'{ progress(cycle: "MINI-2018", period: "2018-Y", first: 3) { nodes { unitId indicatorId target targetPosition shareDue due ytd rate gap light } pageInfo { hasNextPage endCursor } } }',
'{ progress(cycle: "MINI-2018", period: "2018-Q2", unit: "U04", first: 10) { nodes { unitId indicatorId target targetPosition shareDue due ytd rate gap light } } }',
'{ progress(cycle: "MINI-2018", period: "2018-Y", light: [RED, YELLOW], first: 20) { nodes { unitId indicatorId rate light } } }',
'{ keyTasks(cycle: "MINI-2018", first: 10) { nodes { taskId unitId title status progress overdue steps { milestone { milestoneId dueOn } percent reportedPercent overdue } timeline { type } } } }',
'{ responsibilities(cycle: "MINI-2018", unit: "U04") { indicatorId duties { position role responsibleUnitId responsiblePersonId dueOn share } children { unitId target } } }',
'{ burden(year: 2019, unit: "U04") { activeItems demands cap { itemsMax } items { itemId status proposal { name demands } } months { month requests requestsMax } } }',
'{ cadreResults(cycle: "MINI-2018", first: 10) { nodes { position subjectId computed { total posts { unitId months } } grade gradedPosition } } }',
]}
def test_story(story):
    for q in Q["s"]: print(json.dumps(story.ask(q, by="p-inspector"), ensure_ascii=False)); print()
def test_year(year):
    for q in Q["y"]:
        a = year.raw(q, by="inspector")
        print(json.dumps(a.get("errors") or a["data"], ensure_ascii=False)); print()
