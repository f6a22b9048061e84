import{y as d}from"./chunk-MRFK3LQR.js";function e({name:n,children:t}){return d("div",{children:[d("dt",{children:n}),d("dd",{children:t})]})}export{e as a};
