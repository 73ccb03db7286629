// Remembers the reader's time zone, in which the site shows times, and the filters of each list.

const LINKS_TO_LISTS = ".site-header a, .breadcrumbs a, .overview a";

function saveTimeZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const [prefix, secure] = location.protocol === "https:" ? ["__Secure-", "; secure"] : ["", ""];
  document.cookie = `${prefix}timezone=${zone}; path=/admin/; max-age=31536000; samesite=lax${secure}`;
}

function saveFilters() {
  const isList = document.body.classList.contains("change-list");
  if (isList) sessionStorage.setItem(location.pathname, location.search);
}

function restoreFilters() {
  for (const link of document.querySelectorAll(LINKS_TO_LISTS)) {
    if (!link.search) link.search = sessionStorage.getItem(link.pathname) ?? "";
  }
}

saveTimeZone();
saveFilters();
restoreFilters();
