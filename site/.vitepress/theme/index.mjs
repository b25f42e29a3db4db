import DefaultTheme from 'vitepress/theme-without-fonts'
// oxlint-disable-next-line import/no-unassigned-import -- how VitePress takes styles
import './style.css'

export default DefaultTheme
