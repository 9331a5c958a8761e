# Puts PARTS (the page, its style sheet, its scripts) together and writes the page to OUTPUT as two byte arrays: what
# stands before the report and what stands behind it.
#
#   cmake -DPARTS=index.html;style.css;a.js;b.js -DOUTPUT=PageBytes.inc -P EmbedPage.cmake

# Text that is not code: semicolons, brackets and backslashes pass through quoted variables as they are.
list(POP_FRONT PARTS page_file style_file)
file(READ "${page_file}" page)
file(READ "${style_file}" style)
set(script "")
foreach(part IN LISTS PARTS)
  file(READ "${part}" text)
  string(APPEND script "${text}\n")
endforeach()

# Writes `text` as an array of bytes: files can be read as hexadecimal numbers.
function(embed name text)
  file(WRITE "${OUTPUT}.part" "${text}")
  file(READ "${OUTPUT}.part" bytes HEX)
  file(REMOVE "${OUTPUT}.part")
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  file(APPEND "${OUTPUT}.new" "static constexpr unsigned char ${name}[] = {${bytes}};\n")
endfunction()

string(REPLACE "@style@" "${style}" page "${page}")
string(REPLACE "@script@" "${script}" page "${page}")
string(FIND "${page}" "@report@" at)
if(at EQUAL -1)
  message(FATAL_ERROR "${page_file} has no place for the report")
endif()
string(SUBSTRING "${page}" 0 ${at} before)
math(EXPR at "${at} + 8")
string(SUBSTRING "${page}" ${at} -1 after)
file(WRITE "${OUTPUT}.new" "// Made by cmake/EmbedPage.cmake.\n")
embed(kPageBefore "${before}")
embed(kPageAfter "${after}")
file(RENAME "${OUTPUT}.new" "${OUTPUT}")
