// The page is written by hand, in Page/, and embedded at build time; what changes from program to program is the report
// that it carries, as data.
#include "wafer/Driver/Page.h"

#include "PageBytes.inc"

using namespace wafer;

template <size_t count> static std::string_view text(const unsigned char (&bytes)[count]) {
  return {reinterpret_cast<const char *>(bytes), count};
}

bool driver::isPageName(std::string_view file) { return file.ends_with(".html"); }

std::string driver::pageOf(std::string_view json) {
  std::string page(text(kPageBefore));
  page.reserve(page.size() + json.size() + sizeof kPageAfter);
  // In JSON '<' stands inside of strings only. Spelled as an escape it can neither end the script element nor open a
  // comment in it, whatever a model's names hold.
  for (char c : json)
    if (c == '<')
      page += "\\u003c";
    else
      page += c;
  page += text(kPageAfter);
  return page;
}
