// The style mini program's client: a photograph, a style and two numbers go as a form, bare base64 comes back.
//
//     node tests/clients/style_transfer.mjs http://localhost:8081/base64 samples/street_buses.jpg great-wave out
//
// `generate` is the document's own; the address is all that is changed. What WeChat gives to it stands in wx.mjs.

import { Notify, db, page, wx } from './wx.mjs'

const [address, photo, style, folder] = process.argv.slice(2)
wx.env.USER_DATA_PATH = folder

const program = page({
  data: {
    current: 0,
    list: [{ choose: true, tempimg: photo }],
    modellist: [style],
    original_color: 0.3,
    blend_alpha: 0.1,
  },

generate: function() {
    var _this = this
    if(this.data.list[_this.data.current].choose==false){ 
      wx.showToast({
        title: '请选择图片',
        icon: 'none',
      })
    }else{
      var numvalue = _this.data.current
      wx.showLoading({
        title: '生成图片中...',
      })
      _this.setData({
        changeStyle: true,
      })
      wx.uploadFile({
        url: address,
        filePath: _this.data.list[_this.data.current].tempimg,
        name: 'file',
        formData:{'style': _this.data.modellist[_this.data.current],
            'original_color': Number(_this.data.original_color),
            'blend_alpha': Number(_this.data.blend_alpha)
          },
        success (res){
          if(res.statusCode==200){
            var temp1 = 'list[' + numvalue + '].proUrl'
            var temp2 = 'list[' + numvalue + '].generate'
            _this.setData({
              [temp1]: "data:image/png;base64," + res.data,
              [temp2]: true,
              changeStyle: false,
            })

            var number = Math.random();
            var timestamp = Date.parse(new Date());
            var date = new Date(timestamp);
            var time = date.getFullYear() + '-' + (date.getMonth() + 1 < 10 ? '0' + (date.getMonth() + 1) : date.getMonth() + 1) + '-' + (date.getDate() < 10 ? '0' + date.getDate() : date.getDate()) + "\t" + (date.getHours() < 10 ? '0' + date.getHours() : date.getHours()) + ":" + (date.getMinutes() < 10 ? '0' + date.getMinutes() : date.getMinutes())

            wx.getFileSystemManager().writeFile({
              filePath: wx.env.USER_DATA_PATH + '/pic' + number + '.png',
              data: _this.data.list[numvalue].proUrl.slice(22),
              encoding: 'base64',
            })
            wx.cloud.uploadFile({
              cloudPath: 'history/'+number+'.png',
              filePath: wx.env.USER_DATA_PATH + '/pic' + number + '.png',
              success: res => {
                db.collection('history').add({
                  data: {
                    time: time,
                    imgsrc: 'cloud://charlie-9mgmr.6368-charlie-9mgmr-1301103640/history/'+number+'.png',
                    style: numvalue,
                  }
                })
              },
            })
            wx.hideLoading(),
            Notify({
              type: 'success',
              message: '生成成功',
              duration: 1000,
            });
          }
        }
      })
    }
  },
})

program.generate()
