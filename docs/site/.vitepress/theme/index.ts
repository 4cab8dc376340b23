import DefaultTheme from 'vitepress/theme-without-fonts'
import '../../draw/chart.css'
import './site.css'

export default DefaultTheme
