// The list of pages begins where the page at hand is, also when a phone opens it.
const pages = document.querySelector('#pages')
const here = pages.querySelector('[aria-current]')

function showHere() {
  if (here) pages.scrollTop = here.offsetTop - pages.clientHeight / 2
}

showHere()
pages.addEventListener('toggle', showHere)
