"""A whole study small enough to check by hand: two partners, a commented cast of invented respondents.

The partners are `north` (Austria, German, LimeSurvey headings "code. text", labels as answers, semicolons, byte order
mark) and `south` (Italy, codes as answers, commas). Nobody in it exists.
"""

# ruff: noqa: E501 - tables are written as they stand in a file

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from cncb_analysis.store import hash_file, write_bytes, write_text
from cncb_analysis.study import declared_tables

SETTINGS = """\
title = "A small study"
question = "Who runs clusters?"
languages = ["en", "de"]
language = "en"
period = "2011"
seed = 7
raw = "raw"
synthetic = true
steps = ["mapping", "questionnaire", "interviews", "workshops"]
[disclosure]
audience = "consortium"
threshold = 3
[cleaning]
accepted_page = 2
test_words = ["test"]
[cleaning.missing_words]
refused = ["k.A."]
[mapping]
year = 2014
[[partners]]
id = "north"
name = "Northern agency"
short = "North"
country = "AT"
nuts = ["AT31"]
language = "de"
locale = "de_AT"
publish = true
[[partners]]
id = "south"
name = "Southern chamber"
short = "South"
country = "IT"
nuts = ["ITH3"]
language = "it"
locale = "it_IT"
"""

SURVEY = """\
type,name,label::English (en),label::German (de),relevant,theme,instrument,battery,item,aspect,group,role,reverse,collapse,unit,slide,minimum,maximum
text,map_cluster,Cluster,Cluster,,general,mapping,,,,,identifier,,,,,,
text,map_host,Host,Träger,,general,mapping,,,,,identifier,,,,,,
text,map_sector,Sector,Branche,,general,mapping,,,,,,,,,,,
select_one kind,map_type,Type,Art,,general,mapping,,,,,,,groups,,,,
integer,map_members,Members,Mitglieder,,general,mapping,,,,,,,,,,2,5000
text,cluster,Cluster,Cluster,,general,both,,,,,identifier,,,,,,
text,email,E-mail,E-Mail,${int_level} != 'none',general,questionnaire,,,,,identifier,,,,,,
select_one sex,cm_sex,What is your gender?,Ihr Geschlecht?,,training,both,,,,,sensitive,,,,,,
select_one age,cm_age,How old are you?,Wie alt sind Sie?,,training,both,,,,,sensitive,,groups,,,,
integer,cm_time,Time for the cluster,Zeit für den Cluster,,training,both,,,,,,,,percent,,0,100
decimal,st_fte,Staff,Personal,,optimisation,questionnaire,,,,,,,,fte,,0,200
select_multiple course,cm_upd,Which courses?,Welche Kurse?,,training,questionnaire,,,,,,,,,,,
select_one rating,skill_imp_law,Law: importance,Recht: Wichtigkeit,,training,questionnaire,skill,law,importance,,,,top_two,,,,
select_one rating,skill_own_law,Law: own level,Recht: eigenes Niveau,,training,questionnaire,skill,law,own,,,,top_two,,,,
decimal,fin_eu,EU funds,EU-Mittel,,optimisation,questionnaire,fin,,,,,,,percent,,0,100
decimal,fin_fees,Fees,Beiträge,,optimisation,questionnaire,fin,,,,,,,percent,,0,100
select_one level,int_level,Work abroad,Arbeit im Ausland,,internationalisation,questionnaire,,,,,,,,,,,
select_one actor,int_who,Who leads it?,Wer treibt sie?,${int_level} != 'none',internationalisation,questionnaire,,,,,,,,,,,
rank support,sup_top,Best support,Beste Hilfe,,general,questionnaire,,,,,,,,,,,
text,strength,Strength,Stärke,,general,questionnaire,,,,,free_text,,,,,,
select_one yes_no,consent,May we quote you?,Dürfen wir zitieren?,,general,both,,,,,,,,,,,
select_multiple task,task,Tasks,Aufgaben,,training,interview_card,,,,,,,,,,,
"""

CHOICES = """\
list_name,name,label::English (en),label::German (de),order,missing,collapse
kind,district,District,Distrikt,,,old
kind,network,Network,Netzwerk,,,new
sex,woman,Woman,Frau,,,
sex,man,Man,Mann,,,
sex,not_stated,Prefer not to say,Keine Angabe,,refused,
age,under_40,Under 40,Unter 40,1,,
age,40_55,40–55,40–55,2,,
age,over_55,Over 55,Über 55,3,,
course,finance,Finance,Finanzen,,,
course,languages,Languages,Sprachen,,,
course,other,Other,Anderes,,,
rating,1,1 none,1 keine,1,,
rating,2,2,2,2,,
rating,3,3,3,3,,
rating,4,4,4,4,,
rating,5,5 very high,5 sehr hoch,5,,
rating,dk,Don't know,Weiß nicht,,dont_know,
level,none,None,Keine,1,,
level,some,Some,Etwas,2,,
level,core,Core,Kern,3,,
actor,firms,Firms,Firmen,,,
actor,public,Public bodies,Öffentliche Stellen,,,
support,exchange,Exchange,Austausch,,,
support,tours,Study tours,Studienreisen,,,
support,funding,Funding information,Förderinformation,,,
yes_no,yes,Yes,Ja,,,
yes_no,no,No,Nein,,,
task,plan,Plan,Plan,,,
task,firms,Firms,Firmen,,,
"""

THEMES = """\
code,parent,theme,definition,include,exclude,label::English (en),label::German (de)
obstacles,,general,What stands in the way,,,Obstacles,Hindernisse
obstacles/funding,obstacles,general,Money,,,Funding,Geld
obstacles/culture,obstacles,general,Trust,,,Culture,Kultur
support,,general,What would help,,,Support,Hilfe
support/exchange,support,general,Staff exchange,,,Exchange,Austausch
"""

TABLES = {
    "crosswalk": (
        "partner,file,column,value,variable,code,unit,reason\n"
        ",,invited,,,,,kept in fieldwork.csv\n"
        "south,,ETA,,cm_age,,,own heading\n"
        "south,,ETA,C,cm_age,over_55,,own code\n"
        "south,,email,,,,,not delivered to us by agreement\n"
    ),
    "corrections": "id,column,value_now,value_right,initials,note\nN2,cm_time,400,40,A. B.,typing mistake, confirmed\n",
    "recodes": "variable,text,code,initials\ncm_upd,Buchhaltung,finance,A. B.\n",
    "fieldwork": (
        "partner,step,start,end,mode,language,invited,done,minutes,who,deviations\n"
        "north,questionnaire,2011-02-01,2011-03-31,online,de,4,3,15,agency,\n"
    ),
    "ballots": "workshop,round,kind,cap,rule\n,1,dots,10,item <= 4\n,2,ranks,2,rank <= 2\n",
    "items": (
        "item,merged_into,workshop,label::English (en),label::German (de)\n"
        "exchange,,,Exchange,Austausch\ntours,,,Study tours,Studienreisen\nfair,tours,,Joint fair,Gemeinsame Messe\n"
    ),
    "words": "key,en,de\ncount_of,{k} of {n},{k} von {n}\n",
}
TABLES["corrections"] = TABLES["corrections"].replace("typing mistake, confirmed", '"typing mistake, confirmed"')

# The cast of `north`, in the file's order; lastpage 2 is enough to count.
NORTH_HEAD = (
    "id. Antwort-ID;submitdate. Datum;lastpage. Letzte Seite;token. Token;cluster. Cluster;email. E-Mail;"
    "cm_sex. Ihr Geschlecht?;cm_age. Wie alt sind Sie?;cm_time. Zeit;st_fte. Personal;cm_upd[finance]. Kurse [Finanzen];"
    "cm_upd[languages]. Kurse [Sprachen];cm_upd[other]. Kurse [Anderes];skill_imp_law. Recht;skill_own_law. Recht;"
    "fin_eu. EU;fin_fees. Beiträge;int_level. Ausland;int_who. Wer;sup_top[1]. Hilfe;sup_top[2]. Hilfe;"
    "strength. Stärke;consent. Zitat"
)
NORTH = [
    # N1 Bussard: everything in order; 2,5 posts by the locale, a course typed in that recodes.csv knows
    "N1;2011-02-10;3;tok1;Bussard;b@bussard.example;Frau;40–55;80;2,5;Ja;Nein;Buchhaltung;5 sehr hoch;2;60;40;Kern;"
    "Firmen;Austausch;Studienreisen;Gute Leute;Ja",
    # N2 Eisvogel: a byte order mark inside a cell, 400 % corrected to 40, "k.A.", no work abroad so not asked who leads
    "N2;2011-02-11;3;tok2;Eisvogel;;\ufeffMann;Über 55;400;k.A.;Nein;Ja;;Weiß nicht;3;50;45;Keine;;Austausch;;;Nein",
    # N3 Eisvogel again, same token, never submitted: a duplicate
    "N3;;2;tok2;Eisvogel;;Mann;Über 55;40;;;;;;;;;;;;;;",
    # N4 Stieglitz: a partial that reached page 2 and counts; later questions were not reached
    "N4;;2;tok4;Stieglitz;;Keine Angabe;Unter 40;ca. 10-15;1.234;Nein;Nein;;;;;;;;;;;",
    # N5 left on page 1: rejected
    "N5;;1;tok5;Kranich;;Frau;;;;;;;;;;;;;;;;",
    # N6 the agency trying out its own form
    "N6;2011-02-01;3;test;Test cluster;test@agency.example;Mann;Unter 40;1;1;Ja;Ja;;1 keine;1 keine;0;100;Kern;Firmen;"
    "Austausch;Studienreisen;x;Ja",
]
# The cast of `south`: codes, own heading ETA with own codes, ranks as one column, answers blank where not asked.
SOUTH_HEAD = (
    "id,submitdate,lastpage,cluster,email,cm_sex,ETA,cm_time,st_fte,cm_upd,skill_imp_law,skill_own_law,fin_eu,fin_fees,"
    "int_level,int_who,sup_top,strength,consent"
)
SOUTH = [
    # S1 Usignolo: in order; several answers in one cell, the best two supports in one cell
    "S1,2011-02-12,3,Usignolo,u@usignolo.example,man,C,100,1.5,finance;languages,4,4,0,100,some,public,tours;exchange,"
    "Fiducia,yes",
    # S2 Fagiano: an age band nobody declared, 120 % of the time, nothing on who leads although asked
    "S2,2011-02-13,3,Fagiano,,woman,Z,120,2,,5,1,30,70,core,,tours,,no",
]
FRAME = {
    "north": "map_cluster,map_host,map_sector,map_type,map_members,invited\n"
    "Bussard,Agency,C28,district,120,1\nEisvogel,Agency,C11,network,40,1\nStieglitz,Club,C10,network,35,1\n"
    "Kranich,Club,C32,district,22,1\n",
    "south": "map_cluster,map_host,map_sector,map_type,map_members,invited\n"
    "Usignolo,Chamber,C27,district,300,1\nFagiano,Chamber,C31,District,80,1\nPicchio,Chamber,C28,network,15,0\n",
}
CARDS = {
    "north": "interview,cluster,consent,cm_sex,cm_age,cm_time,task[plan],task[firms]\n"
    "I01,Bussard,yes,woman,40_55,80,1,0\nI02,Eisvogel,no,man,over_55,40,1,1\n",
    "south": "interview,cluster,consent,cm_sex,cm_age,cm_time,task[plan],task[firms]\n"
    "I01,Usignolo,yes,man,over_55,100,0,1\n",
}
SEGMENTS = {
    # I02 was coded by A and B, who then agreed.
    "north": "interview,excerpt,code,coder,start,end,text,language,translation,translator\n"
    "I01,1,obstacles/funding,A,0,20,Das Geld fehlt uns.,de,We lack money.,A. B.\n"
    "I01,1,support/exchange,A,0,20,Das Geld fehlt uns.,de,We lack money.,A. B.\n"
    "I02,1,obstacles/funding,A,0,18,Wer zahlt das nur?,de,,\n"
    "I02,1,obstacles/culture,B,0,18,Wer zahlt das nur?,de,,\n"
    "I02,1,obstacles/funding,agreed,0,18,Wer zahlt das nur?,de,,\n",
    "south": "interview,excerpt,code,coder,start,end,text,language,translation,translator\n"
    "I01,1,obstacles/culture,C,0,15,Nessuno si fida,it,Nobody trusts.,C. D.\n"
    "I03,1,support/exchange,C,0,12,Uno scambio!,it,,\n",
}
BALLOTS = {
    # Sheet P2 gives five dots to one item (four at most): spoilt. In round 2 P1 ties.
    "north": "sheet,round,item,value\nP1,1,exchange,4\nP1,1,fair,3\nP2,1,tours,5\nP1,2,exchange,1\nP1,2,tours,1\n",
    "south": "sheet,round,item,value\nQ1,1,tours,2\nQ1,2,tours,1\n",
}
ACTIONS = "action,owner,deadline\nVisit the other region,Agency,2011-10-31\n"
EUROSTAT = (
    "nace_r2,indic_sb,geo\\time\t2015 \t2014 \t2013 \n"
    "C10,V16110,AT\t900 \t1000 \t990 \n"
    "C10,V16110,AT31\t: c\t200 p\t190 \n"
    "C10,V16110,IT\t: \t5000 \t5100 \n"
    "C10,V16110,ITH3\t: \t: c\t600 \n"
    "C10,V16110,FR\t1 \t2 \t3 \n"
    "C10,V99999,AT\t1 \t2 \t3 \n"
)


def answers(head: str, rows: Sequence[str]) -> str:
    return "\r\n".join([head, *rows]) + "\r\n"


def write_ledger(folder: Path, files: Sequence[Mapping[str, str]]) -> None:
    """Write sources.csv for files that already lie under raw/."""
    head = [column.name for column in declared_tables()["sources"].columns]
    lines = io.StringIO()
    writer = csv.DictWriter(lines, head, restval="", lineterminator="\n")
    writer.writeheader()
    for file in files:
        path = folder / "raw" / file["path"]
        size = str(path.stat().st_size) if path.exists() else ""
        writer.writerow({"sha256": hash_file(path), "bytes": size, "origin": "synthetic", **file})
    write_text(folder / "study" / "sources.csv", lines.getvalue())


def write_small_study(folder: Path) -> Path:
    """Write the study into a folder and give the folder back."""
    study, raw = folder / "study", folder / "raw"
    write_text(study / "study.toml", SETTINGS)
    for name, text in {"survey": SURVEY, "choices": CHOICES, "themes": THEMES, **TABLES}.items():
        write_text(study / f"{name}.csv", text)
    write_bytes(raw / "north" / "answers.csv", answers(NORTH_HEAD, NORTH).encode("utf-8-sig"))
    write_text(raw / "south" / "answers.csv", answers(SOUTH_HEAD, SOUTH))
    write_text(raw / "eurostat" / "sbs.tsv", EUROSTAT)
    files = [{"step": "mapping", "path": "eurostat/sbs.tsv", "content": "statistics"}]
    steps = {"answers": "questionnaire", "frame": "mapping", "cards": "interviews", "segments": "interviews"}
    for partner in ("north", "south"):
        parts = {"frame": FRAME, "cards": CARDS, "segments": SEGMENTS, "ballots": BALLOTS}
        for content, texts in parts.items():
            write_text(raw / partner / f"{content}.csv", texts[partner])
        for content in ("frame", "answers", "cards", "segments", "ballots"):
            step = steps.get(content, "workshops")
            files.append({"step": step, "partner": partner, "path": f"{partner}/{content}.csv", "content": content})
    write_text(raw / "north" / "actions.csv", ACTIONS)
    files.append({"step": "workshops", "partner": "north", "path": "north/actions.csv", "content": "actions"})
    write_ledger(folder, files)
    return folder
