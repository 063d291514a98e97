export { readPlaces as readImages } from '../sources'
