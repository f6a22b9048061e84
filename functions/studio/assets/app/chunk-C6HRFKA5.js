import{j as t}from"./chunk-MRFK3LQR.js";var e=t({text:"",count:0});function i(n){e.value={text:n,count:e.peek().count+1}}export{e as a,i as b};
