import{y as d}from"./chunk-3N4GMWBH.js";function e({name:n,children:t}){return d("div",{children:[d("dt",{children:n}),d("dd",{children:t})]})}export{e as a};
